// cpr-ui __VERSION__
const api = document.documentElement.dataset.api ?? "";

async function showSkills() {
  const answer = await fetch(`${api}/api/me/skills`);
  const { skills } = await answer.json();
  document.querySelector("#skills").replaceChildren(...skills.map((skill) => {
    const line = document.createElement("p");
    line.textContent = `${skill.name}: ${skill.level} of ${skill.target}`;
    return line;
  }));
}

showSkills();

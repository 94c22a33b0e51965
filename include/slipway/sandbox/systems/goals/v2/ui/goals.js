// Personal goals; the section stays hidden while the API says that they are not enabled.
async function showGoals() {
  const answer = await fetch(`${api}/api/me/goals`);
  if (!answer.ok) return;
  const { goals } = await answer.json();
  const section = document.querySelector("#goals");
  section.replaceChildren(...goals.map((goal) => {
    const line = document.createElement("p");
    line.textContent = `${goal.title}: ${goal.progress} %`;
    return line;
  }));
  section.hidden = false;
}

showGoals();

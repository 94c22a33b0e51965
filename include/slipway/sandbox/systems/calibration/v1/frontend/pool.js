fetch("/api/player-pools/current?position=QB").then(answer => answer.json()).then(pool => {
  for (const player of pool.players) {
    const line = document.getElementById("players").insertRow();
    for (const name of ["name", "team", "salary", "floor", "median", "ceiling"]) line.insertCell().textContent = player[name] ?? "-";
  }
});

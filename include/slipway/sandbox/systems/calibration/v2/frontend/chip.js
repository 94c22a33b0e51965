fetch("/api/calibration/current/status").then(answer => answer.json()).then(status => {
  const chip = document.getElementById("chip");
  chip.className = status.is_active ? "chip active" : "chip";
  chip.textContent = status.is_active ? `Calibration active (${status.positions.join(", ")})` : "Calibration off";
});

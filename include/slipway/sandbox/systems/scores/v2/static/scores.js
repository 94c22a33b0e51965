// Shows the score of each assessment; one that a trainer gave carries a mark and can be reset.
for (const cell of document.querySelectorAll("[data-score]")) {
  cell.textContent = cell.dataset.score;
  if ("manual" in cell.dataset) cell.classList.add("manual-score");
}

// Shows the calculated score of each assessment.
for (const cell of document.querySelectorAll("[data-score]")) cell.textContent = cell.dataset.score;

// The list of what neighbours lend.
export const resources = () => fetch("/api/resources").then((answer) => answer.json());

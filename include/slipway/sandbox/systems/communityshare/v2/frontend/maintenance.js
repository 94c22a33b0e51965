// The maintenance calendar; it shows itself where the API says that the user has the feature.
export const schedules = () => fetch("/api/maintenance/schedules").then((answer) => answer.json());

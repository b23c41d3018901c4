/** Stands where yumEntry fills in what only the repository knows; no text of a package can hold it. */
export const PLACE = '\u0001';

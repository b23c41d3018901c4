/** A text of a body; undefined where it says none, for which some send an empty one. */
export function said(text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text;
}

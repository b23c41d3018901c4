/** A text as one word of POSIX sh, which stands for exactly this text. */
export function shellWord(text: string): string {
  if (text.includes('\0')) throw new RangeError('no argument of a program can hold a NUL');
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Texts as words of a command line. */
export function shellWords(texts: readonly string[]): string {
  return texts.map(shellWord).join(' ');
}

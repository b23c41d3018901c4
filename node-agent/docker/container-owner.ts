import type { Owner } from './file-archive.ts';

/**
 * The numbers of a user as images and templates name it: `1000`, `1000:100`, `jenkins`, empty for root.
 * Names are looked up in the container's own `/etc/passwd`; null for one that is not there.
 */
export function ownerOf(user: string, passwd: string): Owner | null {
  const [name = '', group = ''] = user.split(':');
  if (name === '') return { uid: 0, gid: 0 };
  const known = passwd
    .split('\n')
    .map((line) => line.split(':'))
    .find(([login, , uid]) => login === name || uid === name);
  const uid = numberIn(name) ?? numberIn(known?.[2]);
  // A group by its name would need /etc/group; the file is readable by its user all the same.
  const gid = numberIn(group) ?? numberIn(known?.[3]) ?? 0;
  return uid === null ? null : { uid, gid };
}

/** Whether the passwd file is needed to know them. */
export function isNumeric(user: string): boolean {
  return /^(\d+(:\d+)?)?$/.test(user);
}

function numberIn(text: string | undefined): number | null {
  return text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : null;
}

import { ArReader } from './ar.ts';
import { DebMembers } from './deb-members.ts';
import { malformedAs } from './malformed.ts';
import type { PackageTap } from './package-tap.ts';

/** Reads a binary package (deb(5)) while it passes; `name` is for messages. */
export function debTap(name: string): PackageTap {
  const members = new DebMembers();
  const archive = new ArReader(members);
  return {
    write(chunk) {
      if (members.failure !== null) throw malformedAs(name, members.failure);
      try {
        archive.write(chunk);
      } catch (error) {
        throw malformedAs(name, error);
      }
    },
    async end() {
      try {
        archive.end();
        return await members.header();
      } catch (error) {
        throw malformedAs(name, error);
      }
    },
  };
}

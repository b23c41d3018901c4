import { debTap } from './deb-tap.ts';
import { dscTap } from './dsc-tap.ts';
import { rpmTap } from './rpm-tap.ts';
import type { PackageTap } from './tap.ts';

/** The reader for an uploaded file, by its name; null for a file that is stored but not understood. */
export function tapFor(filename: string): PackageTap | null {
  switch (/\.([a-z]+)$/.exec(filename)?.[1]) {
    case 'deb':
    case 'ddeb':
    case 'udeb':
      return debTap(filename);
    case 'dsc':
      return dscTap(filename);
    case 'rpm':
      return rpmTap(filename);
    default:
      return null;
  }
}

import { packageKind } from '../domain/package-header.ts';
import { debTap } from './deb-tap.ts';
import { dscTap } from './dsc-tap.ts';
import { rpmTap } from './rpm-tap.ts';
import type { PackageTap } from './package-tap.ts';

/** The reader for an uploaded file, by its name; null for a file that is stored but not understood. */
export function tapFor(filename: string): PackageTap | null {
  switch (packageKind(filename)) {
    case 'deb':
      return debTap(filename);
    case 'dsc':
      return dscTap(filename);
    case 'rpm':
      return rpmTap(filename);
    case null:
      return null;
  }
}

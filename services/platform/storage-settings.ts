import { cronTimes } from './keeping-settings.ts';
import { byteSize, nginxLocation, pathFrom } from './setting-types.ts';

/** Settings of a storage node about the files that it keeps, and other ways to them than through it. */
export const storageSettings = (folder: string) => ({
  accelRedirect: nginxLocation()
    .optional()
    .describe(
      'Internal location of the nginx in front (one of `trustedProxies`) that leads to `<data>/chacra/blobs/`, such as `/gitbuilder-blobs/`: then nginx sends the packages. Without it, this service does.',
    ),
  exportRoot: pathFrom(folder)
    .optional()
    .describe(
      'Folder in which each published repository stands also as plain files (hard links), for rsync and plain web servers; on the file system of the data.',
    ),
  scrubTimes: cronTimes('41 2 * * 6').describe(
    'When everything that is stored is read and compared with its digests. One that was broken off goes on with the next start.',
  ),
  scrubBytesPerSecond: byteSize()
    .prefault('20 MiB')
    .describe('How much of the disk that may take; 0 switches it off.'),
});

import { nginxLocation } from './setting-types.ts';

/** Settings of a storage node about the files that it keeps, and other ways to them than through it. */
export const storageSettings = {
  accelRedirect: nginxLocation()
    .optional()
    .describe(
      'Internal location of the nginx in front (one of `trustedProxies`) that leads to `<data>/chacra/blobs/`, such as `/gitbuilder-blobs/`: then nginx sends the packages. Without it, this service does.',
    ),
};

/** Tags of an RPM's main header that publishing reads or a writer needs (RPM documentation: manual/tags). */
export const TAG = {
  region: 63,
  i18nTable: 100,
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  summary: 1004,
  description: 1005,
  buildTime: 1006,
  buildHost: 1007,
  size: 1009,
  vendor: 1011,
  license: 1014,
  packager: 1015,
  group: 1016,
  url: 1020,
  os: 1021,
  arch: 1022,
  oldFileNames: 1027,
  fileSizes: 1028,
  fileModes: 1030,
  fileRdevs: 1033,
  fileTimes: 1034,
  fileDigests: 1035,
  fileLinks: 1036,
  fileFlags: 1037,
  fileUsers: 1039,
  fileGroups: 1040,
  sourceRpm: 1044,
  fileVerify: 1045,
  archiveSize: 1046,
  rpmVersion: 1064,
  changelogTime: 1080,
  changelogName: 1081,
  changelogText: 1082,
  fileDevices: 1095,
  fileInodes: 1096,
  fileLanguages: 1097,
  sourcePackage: 1106,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  payloadFormat: 1124,
  payloadCompressor: 1125,
  payloadFlags: 1126,
  longArchiveSize: 271,
  longSize: 5009,
  fileDigestAlgorithm: 5011,
  encoding: 5062,
  payloadDigest: 5092,
  payloadDigestAlgorithm: 5093,
  payloadDigestPlain: 5097,
} as const;

/** Tags of the signature header: what the file says of its other parts. */
export const SIGNATURE_TAG = {
  region: 62,
  headerSha1: 269,
  longSize: 270,
  longArchiveSize: 271,
  headerSha256: 273,
  size: 1000,
  md5: 1004,
  archiveSize: 1007,
} as const;

/** A kind of dependency is three lists of equal length. */
export interface DependencyTags {
  readonly name: number;
  readonly version: number;
  readonly flags: number;
}

/** Kinds of dependencies; the old ones are of SUSE's rpm before the weak ones were agreed on. */
export const DEPENDENCY_TAGS = {
  provides: { name: 1047, version: 1113, flags: 1112 },
  requires: { name: 1049, version: 1050, flags: 1048 },
  conflicts: { name: 1054, version: 1055, flags: 1053 },
  obsoletes: { name: 1090, version: 1115, flags: 1114 },
  recommends: { name: 5046, version: 5047, flags: 5048 },
  suggests: { name: 5049, version: 5050, flags: 5051 },
  supplements: { name: 5052, version: 5053, flags: 5054 },
  enhances: { name: 5055, version: 5056, flags: 5057 },
  oldSuggests: { name: 1156, version: 1157, flags: 1158 },
  oldEnhances: { name: 1159, version: 1160, flags: 1161 },
} as const satisfies Record<string, DependencyTags>;

/** Bits of dependency flags (RPM documentation: manual/dependencies; rpmds.h). */
export const SENSE = {
  less: 2,
  greater: 4,
  equal: 8,
  prerequisite: 64,
  scriptPre: 512,
  scriptPost: 1024,
  rpmlib: 1 << 24,
  strong: 1 << 27,
} as const;

/** Types of values in the index of a header structure (RPM documentation: manual/hregions, format_v4). */
export const TYPE = {
  int8: 2,
  int16: 3,
  int32: 4,
  int64: 5,
  string: 6,
  binary: 7,
  strings: 8,
  i18n: 9,
} as const;

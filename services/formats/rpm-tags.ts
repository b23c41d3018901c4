/** Tags of the signature header (RPM documentation, "V4 Package format", Signature). */
export const SIGNATURE_TAG = {
  sha1: 269,
  longSize: 270,
  longArchiveSize: 271,
  sha256: 273,
  size: 1000,
  md5: 1004,
  archiveSize: 1007,
} as const;

/** Tags of the main header (RPM documentation, "RPM Tags"). */
export const TAG = {
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
  fileDevices: 1033,
  fileTimes: 1034,
  fileDigests: 1035,
  fileLinks: 1036,
  fileFlags: 1037,
  fileUsers: 1039,
  fileGroups: 1040,
  sourceRpm: 1044,
  fileVerifyFlags: 1045,
  rpmVersion: 1064,
  changelogTimes: 1080,
  changelogNames: 1081,
  changelogTexts: 1082,
  fileSystems: 1095,
  fileInodes: 1096,
  fileLanguages: 1097,
  dirIndexes: 1116,
  baseNames: 1117,
  dirNames: 1118,
  payloadFormat: 1124,
  payloadCompressor: 1125,
  payloadFlags: 1126,
  longSize: 5009,
  fileDigestAlgorithm: 5011,
  payloadDigest: 5092,
  payloadDigestAlgorithm: 5093,
  payloadSize: 5112,
  payloadSizeUncompressed: 5113,
} as const;

/** The three tags that each list of dependencies is kept in. */
export const DEPENDENCY_TAGS = {
  provides: { names: 1047, flags: 1112, versions: 1113 },
  requires: { names: 1049, flags: 1048, versions: 1050 },
  conflicts: { names: 1054, flags: 1053, versions: 1055 },
  obsoletes: { names: 1090, flags: 1114, versions: 1115 },
  suggests: { names: 5049, flags: 5051, versions: 5050 },
  enhances: { names: 5055, flags: 5057, versions: 5056 },
  recommends: { names: 5046, flags: 5048, versions: 5047 },
  supplements: { names: 5052, flags: 5054, versions: 5053 },
  oldSuggests: { names: 1156, flags: 1158, versions: 1157 },
  oldEnhances: { names: 1159, flags: 1161, versions: 1160 },
} as const;

/** Bits of a dependency's flags (rpmsenseFlags in rpmds.h). */
export const SENSE = {
  less: 2,
  greater: 4,
  equal: 8,
  prerequisite: 64,
  scriptPre: 512,
  scriptPost: 1024,
  missingOk: 1 << 19,
  rpmlib: 1 << 24,
  strong: 1 << 27,
} as const;

/** Bits of a file's flags and mode (rpmfileAttrs in rpmfiles.h, inode(7)). */
export const FILE = {
  config: 1,
  ghost: 64,
  typeMask: 0o170000,
  folder: 0o040000,
  regular: 0o100000,
} as const;

/** Types of a header's values (RPM documentation, "RPM Package Header format"). */
export const TYPE = {
  char: 1,
  int8: 2,
  int16: 3,
  int32: 4,
  int64: 5,
  string: 6,
  binary: 7,
  strings: 8,
  translated: 9,
} as const;

/**
 * Every error a person can meet, once: code -> HTTP status, message, advice.
 * `{name}` in a message or an advice is filled from the fields of the error.
 */
export const ERRORS = {
  NOT_FOUND: {
    status: 404,
    message: '{what} does not exist',
    advice: 'Check the spelling, or list the level above to see what there is.',
  },
  REPO_NOT_FOUND: {
    status: 404,
    message: 'no repository {repo}',
    advice: 'A repository is made by its first upload: upload a binary, then ask again.',
  },
  NOT_PUBLISHED: {
    status: 404,
    message: 'repository {repo} has never been published (status: {status})',
    advice: 'POST to its /update, or read its JSON under /repos/ to see why it waits or failed.',
  },
  GENERATION_NOT_FOUND: {
    status: 404,
    message: 'generation {number} of {repo} does not exist, or its time is over',
    advice: 'GET its …/generations/ lists those that can be had; keep one to have it longer.',
  },
  NAME_INVALID: {
    status: 400,
    message: 'invalid {what} {value}: {reason}',
    advice:
      'Use one plain path segment of at most 255 bytes, without "/", NUL or control characters.',
  },
  REQUEST_INVALID: {
    status: 400,
    message: '{reason}',
    advice: 'The shape of each request is described at /api/v1/openapi.json.',
  },
  QUERY_INVALID: {
    status: 405,
    message: 'invalid query params: {keys}',
    advice: 'Known parameters: {known}.',
  },
  FILE_FIELD_MISSING: {
    status: 400,
    message: 'the multipart body holds no file in a field named "file"',
    advice: 'Send the package as multipart field "file", for example: curl -F file=@NAME.',
  },
  BINARY_EXISTS: {
    status: 400,
    message: 'resource already exists and "force" key was not used',
    advice: 'Other bytes are stored under {name}: send force=1 to replace them.',
  },
  BINARY_CONFLICT: {
    status: 409,
    message: '{name} exists with other bytes',
    advice: 'Add ?force=1 to replace them, or upload under another name.',
  },
  DIGEST_INVALID: {
    status: 400,
    message: 'cannot read the digest in {header}: {reason}',
    advice:
      'X-Checksum-Sha256, X-Checksum-Sha512 and ?sha256= take hexadecimal; Content-Digest takes sha-256=:BASE64: (RFC 9530).',
  },
  DIGEST_MISMATCH: {
    status: 422,
    message: '{header} says {expected} but the {algorithm} of the received bytes is {actual}',
    advice: 'Nothing was kept. Check the file at your side and send it again.',
  },
  PACKAGE_MALFORMED: {
    status: 422,
    message: '{name} is not a readable package: {reason}',
    advice:
      'Nothing was kept. Build or copy the package again; dpkg-deb -I or rpm -qp must accept it.',
  },
  UNAUTHENTICATED: {
    status: 401,
    message: 'this request needs a valid user and key',
    advice:
      'Send HTTP Basic (curl -u user:key) or a Bearer key. Make one with: gitbuilder key user NAME --scope SCOPE.',
  },
  FORBIDDEN: {
    status: 403,
    message: 'user {user} lacks the scope {scope}',
    advice:
      'Ask an administrator for a key with that scope: gitbuilder key user NAME --scope {scope}.',
  },
  BLOB_UNKNOWN: {
    status: 404,
    message: 'this storage node has no bytes with the sha256 {sha256}',
    advice: 'Upload the file itself; X-Attach is for bytes that POST /api/v1/blobs/known names.',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    message: '{method} requests to this url are not allowed',
    advice: 'Allowed here: {allow}.',
  },
  BODY_INTERRUPTED: {
    status: 400,
    message: 'the upload ended after {received} bytes, before the body was complete',
    advice: 'Nothing was kept. Send it again.',
  },
  BODY_STALLED: {
    status: 408,
    message: 'no byte arrived for {seconds} seconds',
    advice: 'Nothing was kept. Check the network between you and this node and send it again.',
  },
  BODY_TOO_LARGE: {
    status: 413,
    message: 'the body is larger than {limit} bytes',
    advice: 'Send less at once. For uploads the limit is the setting chacra.maxUploadBytes.',
  },
  DISK_FULL: {
    status: 507,
    message: 'this storage node keeps {reserve} bytes free and has {free} left',
    advice: 'Ask shaman for another node (GET /api/nodes/next/), or free space on this one.',
  },
  NOT_READY: {
    status: 504,
    message: 'no repository is ready for: {repo}',
    advice:
      'It may still be built: GET /api/builds/ shows what is under way, /api/search/ every state.',
  },
  NO_NODE: {
    status: 404,
    message: 'There are no healthy chacra nodes available.',
    advice:
      'GET /api/nodes/ lists the nodes and why they are not used; one that is not there says why in its log.',
  },
  PLATFORM_INVALID: {
    status: 400,
    message: 'Invalid version or codename for distro: {entry}',
    advice:
      'Write distro/version or distro/version/arch, several with commas: ubuntu/24.04,centos/9/arm64.',
  },
  CONFIGURATION_INVALID: {
    status: 500,
    message: '{file}: {problems}',
    advice: 'See docs/configuration.md for every setting.',
  },
  DATA_LOCKED: {
    status: 500,
    message: 'the data folder {folder} is in use by another process',
    advice: 'Stop the other gitbuilder, or choose another folder with --data.',
  },
  DATA_FOLDER_UNFIT: {
    status: 500,
    message: 'cannot make the data folder {folder}: {reason}',
    advice:
      'Choose a folder on a disk that this user may write to, with --data or `data` in the configuration.',
  },
  CANNOT_LISTEN: {
    status: 500,
    message: 'cannot listen on {address}: {reason}',
    advice:
      'Stop what listens there (ss -ltnp names it), or choose another address: chacra.listen, shaman.listen, agents.listen, or the flags of gitbuilder serve.',
  },
  VERIFY_LOCKED: {
    status: 500,
    message: 'the data folder {folder} is in use: its service is running',
    advice:
      'It looks at what it stores itself (chacra.scrubTimes); what is lost stands in its /health/ as JSON. To look at once and at full speed, stop it, run gitbuilder verify, and start it again.',
  },
  DATA_DAMAGED: {
    status: 500,
    message: 'cannot read {file}: {reason}',
    advice:
      'Put it back from a backup, or move it away to go on without what it holds, and start again.',
  },
  EXPORT_ROOT_UNFIT: {
    status: 500,
    message: 'cannot export from {data} to {folder}: {reason}',
    advice:
      'Hard links lead from there to the blobs: chacra.exportRoot must be a folder of its own on the same file system (and mount) as the data, for example beside it.',
  },
  CACHE_IN_USE: {
    status: 409,
    message: 'cache {cache} of host {host} cannot be removed: {reason}',
    advice: 'Drain the agents that have it first; gitbuilder agents list --host {host} shows them.',
  },
  AGENT_STATE: {
    status: 409,
    message: 'agent {agent} is {state}: it cannot {action}',
    advice:
      'docs/agents.md draws which states follow which; gitbuilder agents show {agent} tells its story.',
  },
  AGENT_TOKEN: {
    status: 401,
    message: 'this token is unknown, was used, or is for something else',
    advice:
      'Tokens are made for one container and are good once: remove the agent, another one is made.',
  },
  AGENT_UPSTREAM: {
    status: 502,
    message: '{reason}',
    advice: 'GET /health/ says what does not answer, and since when.',
  },
  AGENTS_STAND_BY: {
    status: 503,
    message: 'this agent service has no Jenkins',
    advice: 'Configure agents.jenkins (docs/agents.md) and restart it.',
  },
  TOO_MANY_HELD: {
    status: 429,
    message: '{limit} waiting requests and event streams are open {whose}',
    advice:
      'Close some, or listen to one stream for many sha1s. The limit is the setting {setting}.',
  },
  RETENTION_RUNNING: {
    status: 409,
    message: 'a run of retention is under way',
    advice: 'GET /api/v1/retention/run shows how far it is; begin another when it is done.',
  },
  STOPPING: {
    status: 503,
    message: 'this service is stopping',
    advice: 'Try again in a few seconds.',
  },
  INTERNAL: {
    status: 500,
    message: 'something went wrong here, not at your side',
    advice: 'The log of this service has the details under request id {request_id}.',
  },
} as const satisfies Record<string, { status: number; message: string; advice: string }>;

export type ErrorCode = keyof typeof ERRORS;
export type ErrorFields = Readonly<Record<string, string | number>>;

/** An error with a row in the table above; whoever meets it learns what is wrong and what to do. */
export class GitbuilderError extends Error {
  readonly code: ErrorCode;
  readonly fields: ErrorFields;

  constructor(code: ErrorCode, fields: ErrorFields = {}, options: { cause?: unknown } = {}) {
    super(fill(ERRORS[code].message, fields), options);
    this.name = 'GitbuilderError';
    this.code = code;
    this.fields = fields;
  }

  get status(): number {
    return ERRORS[this.code].status;
  }

  get advice(): string {
    return fill(ERRORS[this.code].advice, this.fields);
  }
}

function fill(template: string, fields: ErrorFields): string {
  return template.replace(/\{(\w+)\}/g, (whole, name: string) => {
    const value = fields[name];
    return value === undefined ? whole : String(value);
  });
}

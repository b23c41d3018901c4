import type Docker from 'dockerode';
import { buffer } from 'node:stream/consumers';
import type { HandedFile } from '../rules/container.ts';
import { done, failed } from '../rules/outcome.ts';
import type { FromEngine } from '../ports.ts';
import { askEngine, tellEngine, type Patience } from './ask-engine.ts';
import { isNumeric, ownerOf } from './container-owner.ts';
import { endedExec, inspectedContainer, reading } from './engine-answers.ts';
import { fileArchive, firstFile, type Owner } from './file-archive.ts';
import { logLines } from './log-lines.ts';

/** What we need to know of a container that we are about to touch. */
export function inspectContainer(container: Docker.Container, patience: Patience) {
  return askEngine(
    patience,
    (abortSignal) => container.inspect({ abortSignal }),
    reading(inspectedContainer),
  );
}

/**
 * Puts files into a container that has not started, by the one way that shows them in no inspection,
 * command line, environment or log and keeps owner and mode. Not below what will be a tmpfs: that would
 * hide them.
 */
export async function handOver(
  container: Docker.Container,
  files: readonly HandedFile[],
  patience: Patience,
): FromEngine<void> {
  const found = await inspectContainer(container, patience);
  if (!found.ok) return found;
  const owner = await ownerIn(container, found.value.Config.User, patience);
  if (!owner.ok) return owner;
  const archive = await fileArchive(files, owner.value);
  return tellEngine(patience, (abortSignal) =>
    container.putArchive(archive, { path: '/', abortSignal }),
  );
}

/** Removes files from a container that runs. */
export async function takeBack(
  container: Docker.Container,
  paths: readonly string[],
  patience: Patience,
): FromEngine<void> {
  const command = { Cmd: ['rm', '-f', '--', ...paths], AttachStdout: true, AttachStderr: true };
  const ended = await askEngine(
    patience,
    async (abortSignal) => {
      const rm = await container.exec({ ...command, abortSignal });
      // Attached, as the stream ends with the command; nothing tells when a detached one has ended.
      const output = await rm.start({ hijack: false, stdin: false, abortSignal });
      const lines = logLines(await buffer(output), 3);
      const { ExitCode: exitCode } = await rm.inspect({ abortSignal });
      return { exitCode, lines };
    },
    reading(endedExec),
  );
  if (!ended.ok) return ended;
  if (ended.value.exitCode === 0) return done(undefined);
  return failed({ kind: 'refused', reason: `rm: ${ended.value.lines.join(' ')}` });
}

/** Whom it will run as, as numbers. */
async function ownerIn(
  container: Docker.Container,
  user: string,
  patience: Patience,
): FromEngine<Owner> {
  let passwd = '';
  if (!isNumeric(user)) {
    const read = await askEngine(
      patience,
      async (abortSignal) =>
        firstFile(await container.getArchive({ path: '/etc/passwd', abortSignal })),
      (text) => (typeof text === 'string' ? text : undefined),
    );
    if (!read.ok) return read;
    passwd = read.value;
  }
  const owner = ownerOf(user, passwd);
  if (owner !== null) return done(owner);
  const reason = `no user ${user} in the image's /etc/passwd: give a number as the template's user`;
  return failed({ kind: 'refused', reason });
}

import { execFile } from 'node:child_process';
import { copyFile, chmod, mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { checkoutFolder } from '../checkout-folder.ts';
import { PROGRAM } from '../demo/demo-project.ts';

/** A project in a Git repository, with packaging for both worlds, rules and the Jenkinsfile of this checkout. */
export interface PipelineProject {
  readonly name: string;
  /** The repository; clients name it by its path. */
  readonly folder: string;
  readonly sha1: string;
}

const DESCRIPTION = 'Greets whoever built it';

/** Debian's packaging without debhelper, so that dpkg-dev and make are all that it takes. */
const RULES = `#!/usr/bin/make -f
clean build build-arch build-indep binary-arch:
binary binary-indep:
	install -d debian/tmp/usr/bin debian/tmp/DEBIAN
	sed 's/@SHA1@/$(GITBUILDER_SHA1)/' ${PROGRAM}.in >debian/tmp/usr/bin/${PROGRAM}
	chmod 755 debian/tmp/usr/bin/${PROGRAM}
	@echo "built on $$(uname -n)"
	dpkg-gencontrol -p${PROGRAM} -Pdebian/tmp
	dpkg-deb --root-owner-group --build debian/tmp ..
.PHONY: clean build build-arch build-indep binary-arch binary binary-indep
`;

const FILES: Readonly<Record<string, string>> = {
  [`${PROGRAM}.in`]: '#!/bin/sh\necho "hello from gitbuilder, built from @SHA1@"\n',
  'debian/rules': RULES,
  'debian/changelog': `${PROGRAM} (1.0-1) unstable; urgency=medium

  * First.

 -- gitbuilder demo <demo@example.org>  Thu, 01 Jan 2026 00:00:00 +0000
`,
  'debian/control': `Source: ${PROGRAM}
Section: misc
Priority: optional
Maintainer: gitbuilder demo <demo@example.org>
Standards-Version: 4.6.2

Package: ${PROGRAM}
Architecture: all
Description: ${DESCRIPTION}
 And tells the commit that it was built from.
`,
  [`${PROGRAM}.spec`]: `Name: ${PROGRAM}
Version: 1.0
Release: 1
Summary: ${DESCRIPTION}
License: MIT
Source0: https://example.org/%{name}-%{version}.tar.gz
BuildArch: noarch
AutoReqProv: no
%description
${DESCRIPTION}.
%prep
%setup -q
%install
install -d %{buildroot}/usr/bin
sed "s/@SHA1@/$GITBUILDER_SHA1/" ${PROGRAM}.in >%{buildroot}/usr/bin/${PROGRAM}
chmod 755 %{buildroot}/usr/bin/${PROGRAM}
echo "built on $(uname -n)"
%files
/usr/bin/${PROGRAM}
`,
};

/** Makes such a repository; `rules` are its gitbuilder.json, `more` are files beside or instead of the usual ones. */
export async function makePipelineProject(
  folder: string,
  rules: object,
  more: Readonly<Record<string, string>> = {},
): Promise<PipelineProject> {
  const files = { ...FILES, 'gitbuilder.json': JSON.stringify(rules, null, 2), ...more };
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
    if (text.startsWith('#!')) await chmod(join(folder, path), 0o755);
  }
  await copyFile(join(checkoutFolder(), 'Jenkinsfile'), join(folder, 'Jenkinsfile'));
  await git(folder, 'init', '--quiet', '--initial-branch=main');
  await git(folder, 'add', '.');
  const author = ['-c', 'user.name=gitbuilder demo', '-c', 'user.email=demo@example.org'];
  await git(folder, ...author, 'commit', '--quiet', '--message', 'Say hello');
  return { name: 'hello', folder, sha1: (await git(folder, 'rev-parse', 'HEAD')).trim() };
}

async function git(folder: string, ...args: readonly string[]): Promise<string> {
  return (await promisify(execFile)('git', args, { cwd: folder })).stdout;
}

import { gzipSync } from 'node:zlib';
import t from 'tap';
import { writeAr } from '../../services/formats/deb-writer.ts';
import { writeTar } from '../../services/formats/tar-writer.ts';
import { startNode } from '../fixtures/chacra.ts';
import { BINARIES } from '../fixtures/some-address.ts';
import { someBuiltRpm, someDeb } from '../fixtures/some-packages.ts';
import { untouched } from '../fixtures/untouched.ts';

t.test('packages that dpkg or rpm would not take', async (t) => {
  const node = await startNode(t);
  const check = untouched(t, node);
  const deb = Buffer.from(someDeb().bytes);
  const rpm = Buffer.from(someBuiltRpm().bytes);
  const version = ['debian-binary', Buffer.from('2.0\n')] as const;
  const control = (size: number) =>
    gzipSync(writeTar([{ path: './control', mode: 0o644, content: Buffer.alloc(size, ' ') }], 0));
  const debOf = (member: Uint8Array) =>
    writeAr([version, ['control.tar.gz', member], ['data.tar', Buffer.alloc(1024)]], 0);
  const claims = (size: string) => {
    const torn = Buffer.from(deb);
    torn.write(size.padEnd(10), torn.indexOf('control.tar') + 48, 'latin1');
    return torn;
  };
  const headerAt = rpm.indexOf(Buffer.from([0x8e, 0xad, 0xe8]), 100);
  const huge = Buffer.from(rpm);
  huge.writeUInt32BE(65 << 20, headerAt + 12);
  const damaged = Buffer.from(rpm);
  damaged[headerAt + 600] = (damaged[headerAt + 600] ?? 0) ^ 1;
  for (const [name, bytes, reason] of [
    ['empty.deb', '', /it is empty/],
    ['text.deb', 'hello', /cut off in its first/],
    ['html.deb', '<html>404</html>', /ar archive/],
    ['bomb.deb', debOf(control(17 << 20)), /control archive holds more than 16777216 bytes/],
    ['control.deb', debOf(control(2 << 20)), /control file is larger than 1048576/],
    ['claims.deb', claims('999999999'), /control\.tar\.gz is larger than 16777216/],
    ['nonsense.deb', claims('x'), /ar member/],
    ['fields.deb', debOf(control(10)), /its control data does not/],
    ['gzip.deb', debOf(Buffer.from('no gzip')), /its control archive cannot/],
    ['no-data.deb', deb.subarray(0, deb.indexOf('data.tar.gz')), /has no data\.tar/],
    ['empty.rpm', '', /cut off in its/],
    ['text.rpm', 'hello, this is no rpm', /not an RPM package/],
    ['huge.rpm', huge, /more than the 67108864 allowed/],
    ['damaged.rpm', damaged, /its header is damaged/],
    ['text.dsc', 'no paragraph', /its control data does not/],
  ] as const) {
    const answer = await node.fetch(`${BINARIES}/${name}`, { method: 'PUT', body: bytes });
    t.equal(answer.status, 422, name);
    const message = new RegExp(`^${name} is not a readable package: .*${reason.source}`);
    t.match(await answer.json(), { code: 'PACKAGE_MALFORMED', message });
  }
  for (const [name, whole] of [
    ['torn.deb', deb],
    ['torn.rpm', rpm],
  ] as const) {
    for (let part = 1; part < 10; part += 1) {
      const body = whole.subarray(0, Math.floor((whole.length * part) / 10));
      const answer = await node.fetch(`${BINARIES}/${name}`, { method: 'PUT', body });
      t.equal(answer.status, 422, `${part * 10} % of ${name}`);
    }
    const body = whole.subarray(0, whole.length - 1);
    t.equal((await node.fetch(`${BINARIES}/${name}`, { method: 'PUT', body })).status, 422);
  }
  await check();
});

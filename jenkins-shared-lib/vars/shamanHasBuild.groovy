// Generated from jenkins-shared-lib/catalogue/shaman-has-build.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.BuiltAlready
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments; what is done then stands in src/org/ceph/gitbuilder/BuiltAlready.groovy.
@Field final Map STEP = [
    name: 'shamanHasBuild',
    params: [
        project: [type: 'string', required: true],
        ref: [type: 'string', required: true],
        sha1: [type: 'string', required: true],
        distro: [type: 'string', required: true],
        distroVersion: [type: 'string', required: true],
        flavor: [type: 'string', usual: 'default'],
        arch: [type: 'string'],
        shaman: [type: 'string', required: true, from: 'GITBUILDER_SHAMAN'],
        credentials: [type: 'string', from: 'GITBUILDER_CREDENTIALS'],
    ],
    requests: [
        matrix: [
            method: 'GET',
            to: 'shaman',
            path: '/api/v1/matrix',
            query: [project: 'project', sha1: 'sha1', platforms: 'platforms', flavor: 'flavor'],
            accepts: 'json',
        ],
    ],
]

boolean call(Map args = [:]) {
    return new BuiltAlready(new StepRunner(this, STEP)).run(args)
}

// Generated from jenkins-shared-lib/catalogue/shaman-build-status.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.BuildReport
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments; what is done then stands in src/org/ceph/gitbuilder/BuildReport.groovy.
@Field final Map STEP = [
    name: 'shamanBuildStatus',
    params: [
        status: [
            type: 'string',
            required: true,
            oneOf: ['queued', 'started', 'completed', 'failed', 'aborted'],
        ],
        project: [type: 'string', required: true],
        ref: [type: 'string', required: true],
        sha1: [type: 'string', required: true],
        distro: [type: 'string'],
        distroVersion: [type: 'string'],
        arch: [type: 'string'],
        flavor: [type: 'string', usual: 'default'],
        extra: [type: 'map'],
        buildUrl: [type: 'string', from: 'BUILD_URL'],
        logUrl: [type: 'string'],
        shaman: [type: 'string', required: true, from: 'GITBUILDER_SHAMAN'],
        credentials: [type: 'string', usual: 'gitbuilder', from: 'GITBUILDER_CREDENTIALS'],
    ],
    requests: [
        report: [
            method: 'POST',
            to: 'shaman',
            path: '/api/builds/{project}/',
            json: [
                url: 'buildUrl',
                log_url: 'logUrl',
                status: 'status',
                ref: 'ref',
                sha1: 'sha1',
                flavor: 'flavor',
                distro: 'distro',
                distro_version: 'distroVersion',
                distro_arch: 'arch',
                extra: 'extra',
            ],
            accepts: 'json',
            needsKey: true,
        ],
    ],
]

void call(Map args = [:]) {
    new BuildReport(new StepRunner(this, STEP)).run(args)
}

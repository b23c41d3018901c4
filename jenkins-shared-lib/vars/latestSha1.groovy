// Generated from jenkins-shared-lib/catalogue/latest-sha1.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.LatestSha1
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments; what is done then stands in src/org/ceph/gitbuilder/LatestSha1.groovy.
@Field final Map STEP = [
    name: 'latestSha1',
    params: [
        project: [type: 'string', required: true],
        ref: [type: 'string', required: true],
        platforms: [type: 'strings', required: true],
        flavor: [type: 'string', usual: 'default'],
        allowPartial: [type: 'boolean', usual: false],
        minutes: [type: 'integer', usual: 0],
        shaman: [type: 'string', required: true, from: 'GITBUILDER_SHAMAN'],
        credentials: [type: 'string', from: 'GITBUILDER_CREDENTIALS'],
    ],
    requests: [
        latest: [
            method: 'GET',
            to: 'shaman',
            path: '/api/v1/latest',
            query: [
                project: 'project',
                ref: 'ref',
                platforms: 'platforms',
                flavor: 'flavor',
                allow_partial: 'allowPartial',
                wait: 'waitSeconds',
            ],
            accepts: 'json',
        ],
    ],
]

String call(Map args = [:]) {
    return new LatestSha1(new StepRunner(this, STEP)).run(args)
}

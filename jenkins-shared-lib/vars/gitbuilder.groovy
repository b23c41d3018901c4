// Generated from jenkins-shared-lib/catalogue/gitbuilder.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.Pipeline
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments; what is done then stands in src/org/ceph/gitbuilder/Pipeline.groovy.
@Field final Map STEP = [
    name: 'gitbuilder',
    params: [
        project: [type: 'string'],
        repository: [type: 'string'],
        gitCredentials: [type: 'string'],
        ref: [type: 'string', usual: 'main'],
        sha1: [type: 'string'],
        distros: [type: 'strings'],
        archs: [type: 'strings'],
        flavors: [type: 'strings'],
        release: [type: 'boolean', usual: false],
        rules: [type: 'map'],
        rulesFile: [type: 'string', usual: 'gitbuilder.json', from: 'GITBUILDER_RULES_FILE'],
        source: [type: 'closure'],
        sourceScript: [type: 'string'],
        build: [type: 'closure'],
        buildScript: [type: 'string'],
        packages: [type: 'strings', usual: 'out/*'],
        label: [type: 'string', usual: '{arch} && {platform}'],
        sourceLabel: [type: 'string', usual: 'source'],
        waitMinutes: [type: 'integer', usual: 60],
        parameters: [type: 'list'],
        agents: [type: 'string', from: 'GITBUILDER_AGENTS'],
        shaman: [type: 'string', required: true, from: 'GITBUILDER_SHAMAN'],
        credentials: [type: 'string', usual: 'gitbuilder', from: 'GITBUILDER_CREDENTIALS'],
    ],
    requests: [:],
]

Map call(Map args = [:]) {
    return new Pipeline(new StepRunner(this, STEP)).run(args)
}

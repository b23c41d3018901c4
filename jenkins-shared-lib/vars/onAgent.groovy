// Generated from jenkins-shared-lib/catalogue/on-agent.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.StepRunner
import org.ceph.gitbuilder.WantedAgent

// StepRunner checks the arguments; what is done then stands in src/org/ceph/gitbuilder/WantedAgent.groovy.
@Field final Map STEP = [
    name: 'onAgent',
    params: [
        label: [type: 'string', required: true],
        template: [type: 'string'],
        tries: [type: 'integer', usual: 2],
        agents: [type: 'string', from: 'GITBUILDER_AGENTS'],
        credentials: [type: 'string', usual: 'gitbuilder', from: 'GITBUILDER_CREDENTIALS'],
    ],
    requests: [
        demand: [
            method: 'POST',
            to: 'agents',
            path: '/api/v1/demands',
            json: [
                label: 'label',
                build_url: 'buildUrl',
                block: 'block',
                template: 'template',
                ttl: 'ttl',
            ],
            accepts: 'text',
            needsKey: true,
        ],
        end: [
            method: 'DELETE',
            to: 'agents',
            path: '/api/v1/demands/{id}',
            accepts: 'json',
            needsKey: true,
        ],
    ],
]

Object call(Map args, Closure body) {
    return new WantedAgent(new StepRunner(this, STEP)).run(args, body)
}

Object call(String label, Closure body) {
    return call([label: label], body)
}

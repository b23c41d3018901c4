// Generated from jenkins-shared-lib/catalogue/build-parameters.ts. Change that file, then run `npm run generate`.
import groovy.transform.Field
import org.ceph.gitbuilder.BuildParameters
import org.ceph.gitbuilder.StepRunner

// StepRunner checks the arguments; what is done then stands in src/org/ceph/gitbuilder/BuildParameters.groovy.
@Field final Map STEP = [
    name: 'buildParameters',
    params: [
        ref: [type: 'string', usual: 'main'],
        distros: [type: 'strings'],
        archs: [type: 'strings'],
        flavors: [type: 'strings'],
        parameters: [type: 'list'],
        declare: [type: 'boolean', usual: true],
    ],
    requests: [:],
]

Map call(Map args = [:]) {
    return new BuildParameters(new StepRunner(this, STEP)).run(args)
}

package org.ceph.gitbuilder

import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/**
 * The whole way from a ref to repositories: source once, then a cell for each distro, arch and flavor, side by side.
 * What belongs to a cell stays in its own map; nothing is kept in `env`, which all cells would share.
 */
class Pipeline implements Serializable {
    private static final long serialVersionUID = 1L

    final StepRunner runner
    final Object script

    Pipeline(StepRunner runner) {
        this.runner = runner
        this.script = runner.script
    }

    /** Answers what it came to: [project, ref, sha1, version, cells], each cell with its state, url and why. */
    Map run(Map given) {
        Map values = runner.arguments(given)
        Map asked = Asked.of(values, parameters(values))
        Map build = new Source(script, values, asked).prepare()
        build.results = [:]
        try {
            build.cells = planned(values, asked, build)
            if (!asked.throwaway) {
                build.chacra = script.shamanNextNode(
                    Servers.shaman(values, [project: build.project, ref: build.ref, sha1: build.sha1])
                )
            }
            buildCells(values, asked, build)
        } finally {
            tell(build)
        }
        List failed = Summary.failed(build)
        if (failed) script.error("gitbuilder: ${failed.size()} of ${build.cells.size()} failed: ${failed.join(', ')}".toString())
        return Summary.answer(build)
    }

    /** What a person was asked, and said. A multibranch job knows its branch. */
    private Map parameters(Map values) {
        List more = [
            [name: 'REPOSITORY', default: values.repository ?: '', help: 'Git address of the source, or its name in the rules'],
            [name: 'RELEASE', flag: values.release, help: 'an upstream release: packages get the version of the tag'],
        ]
        Map options = [ref: script.env.BRANCH_NAME ?: values.ref, parameters: more + (values.parameters ?: [])]
        for (axis in Matrix.AXES) options[axis] = Matrix.words(values[axis])
        return script.buildParameters(options)
    }

    private List planned(Map values, Map asked, Map build) {
        Map wanted = Matrix.wanted(asked, build.rules, build.ref, build.message)
        Map plan = Matrix.plan(wanted, build.rules, values.label)
        if (plan.problem != null) runner.fail(plan.problem)
        script.echo("gitbuilder: ${build.project} ${build.ref} ${build.sha1}, version ${build.version}".toString())
        script.echo("gitbuilder: ${plan.cells.size()} cells: ${plan.cells.collect { cell -> cell.name }.join(', ')}".toString())
        if (plan.excluded) script.echo("gitbuilder: excluded by rules: ${plan.excluded.join(', ')}".toString())
        return plan.cells
    }

    private void buildCells(Map values, Map asked, Map build) {
        Map branches = [:]
        for (each in build.cells) {
            Map cell = each
            branches[cell.name] = { -> buildCell(new Cell(script, values, asked, build, cell), build, cell) }
        }
        branches.failFast = false
        script.parallel(branches)
    }

    /** A cell that fails is noted, and the others go on; what stops the build stops it. */
    private void buildCell(Cell work, Map build, Map cell) {
        build.results[cell.name] = [state: 'started']
        try {
            build.results[cell.name] = work.run()
        } catch (FlowInterruptedException e) {
            build.results[cell.name] = [state: 'aborted']
            throw e
        } catch (Exception e) {
            build.results[cell.name] = [state: 'failed', why: "${e.message}".toString()]
            script.echo("gitbuilder: ${cell.name} failed: ${e.message}".toString())
        }
    }

    private void tell(Map build) {
        if (build.cells == null) return
        script.currentBuild.description = Summary.description(build)
        script.echo(Summary.text(build))
    }
}

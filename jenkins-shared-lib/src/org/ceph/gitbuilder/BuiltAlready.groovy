package org.ceph.gitbuilder

/** Whether a cell is built: by shaman's record, and by what its storage node still serves. */
class BuiltAlready implements Serializable {
    private static final long serialVersionUID = 1L

    final StepRunner runner

    BuiltAlready(StepRunner runner) {
        this.runner = runner
    }

    boolean run(Map given) {
        Map values = runner.arguments(given)
        Map request = runner.step.requests.matrix
        Map answered = runner.send(request, values + [platforms: Answers.platform(values)])
        if (!StepRunner.isGood(answered)) runner.fail(Answers.refusal('shaman', answered))
        Map cell = Answers.cell(answered.text)
        if (cell.state != 'ready' || cell.url == null) return false
        Map there = new Http(runner.script, runner.step.name).ask([
            method: 'GET', url: cell.url, accepts: '*/*', seconds: 30, credentials: values.credentials,
        ])
        if (there.status == 200) return true
        runner.script.echo(
            "${runner.step.name}: shaman has a record of ${cell.url}, which answers ${there.status}".toString()
        )
        return false
    }
}

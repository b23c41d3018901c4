package org.ceph.gitbuilder

/** Waits for a repository until it is ready, failed, or the time is up. */
class AwaitedRepo implements Serializable {
    private static final long serialVersionUID = 1L

    final StepRunner runner

    AwaitedRepo(StepRunner runner) {
        this.runner = runner
    }

    Map run(Map given) {
        Map values = runner.arguments(given)
        String platform = Answers.platform(values)
        Map answered = new HeldQuestion(runner).ask(runner.step.requests.matrix, values + [platforms: platform])
        Map cell = Answers.cell(answered.text)
        if (!answered.done) runner.fail(late(values, platform, answered, cell))
        if (cell.state != 'ready') runner.fail("${platform} ${cell.state}: ${cell.why ?: 'no reason is known'}".toString())
        return Answers.repo(cell)
    }

    private String late(Map values, String platform, Map answered, Map cell) {
        String why = answered.status == 200 ? "${cell.state}, ${cell.why ?: 'nothing more is known'}" : Answers.refusal('shaman', answered)
        return "${platform} is not ready after ${values.minutes} minutes: ${why}".toString()
    }
}

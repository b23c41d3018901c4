package org.ceph.gitbuilder

/** Tells shaman how a build goes. Whatever comes of that, the build itself goes on. */
class BuildReport implements Serializable {
    private static final long serialVersionUID = 1L

    final StepRunner runner
    final Object script

    BuildReport(StepRunner runner) {
        this.runner = runner
        this.script = runner.script
    }

    void run(Map given) {
        Map values = runner.arguments(given)
        tell(values, values.status)
    }

    void tell(Map values, String status) {
        if (values.buildUrl == null) {
            note(status, 'BUILD_URL is not set: give Jenkins its URL in its configuration')
            return
        }
        Map answered = runner.send(runner.step.requests.report, values + facts(values, status))
        if (!StepRunner.isGood(answered)) note(status, Answers.refusal('shaman', answered))
    }

    private Map facts(Map values, String status) {
        Map extra = [job_name: script.env.JOB_NAME ?: '', node_name: script.env.NODE_NAME ?: '']
        if (values.extra != null) extra.putAll(values.extra)
        return [status: status, extra: extra, logUrl: values.logUrl ?: "${values.buildUrl}consoleFull".toString()]
    }

    private void note(String status, String why) {
        script.echo("${runner.step.name}: could not tell shaman '${status}': ${why}".toString())
    }
}

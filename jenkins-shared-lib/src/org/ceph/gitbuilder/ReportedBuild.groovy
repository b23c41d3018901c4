package org.ceph.gitbuilder

import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** Goes around a build, so that how it ended is told in every case. */
class ReportedBuild implements Serializable {
    private static final long serialVersionUID = 1L

    final StepRunner runner
    final Object script
    final BuildReport report

    ReportedBuild(StepRunner runner) {
        this.runner = runner
        this.script = runner.script
        this.report = new BuildReport(runner)
    }

    Object run(Map given, Closure body) {
        Map values = runner.arguments(given)
        String outcome = 'failed'
        Object result = null
        try {
            result = values.label == null ? started(values, body) : onAgent(values, body)
            outcome = 'completed'
        } catch (FlowInterruptedException e) {
            outcome = 'aborted'
            throw e
        } finally {
            report.tell(values, outcome)
        }
        return result
    }

    private Object started(Map values, Closure body) {
        report.tell(values, 'started')
        return body()
    }

    private Object onAgent(Map values, Closure body) {
        report.tell(values, 'queued')
        Map wanted = [label: values.label, credentials: values.credentials]
        if (values.agents != null) wanted.agents = values.agents
        return script.onAgent(wanted) { started(values, body) }
    }
}

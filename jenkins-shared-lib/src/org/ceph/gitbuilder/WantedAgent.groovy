package org.ceph.gitbuilder

/** Runs a closure on an agent, and lets the agent service know beforehand that one is needed. */
class WantedAgent implements Serializable {
    private static final long serialVersionUID = 1L

    /** A demand ends when its block runs; this is for those whose build is gone. */
    static final int SECONDS_OF_A_DEMAND = 3600

    final StepRunner runner
    final Object script

    WantedAgent(StepRunner runner) {
        this.runner = runner
        this.script = runner.script
    }

    Object run(Map given, Closure body) {
        Map values = runner.arguments(given)
        String block = UUID.randomUUID().toString()
        int attempt = 0
        Object result = null
        script.retry(count: values.tries, conditions: [script.agent(), script.nonresumable()]) {
            attempt++
            Map demand = values + [block: "${block}-${attempt}".toString()]
            String id = post(demand)
            try {
                script.node(values.label) { result = body() }
            } finally {
                if (id != null) end(demand + [id: id])
            }
        }
        return result
    }

    /** The demand's id; null when the service is not there, which is told once and harms nothing. */
    private String post(Map demand) {
        if (demand.agents == null || script.env.BUILD_URL == null) return null
        Map asked = demand + [buildUrl: script.env.BUILD_URL, ttl: SECONDS_OF_A_DEMAND]
        Map answered = runner.send(runner.step.requests.demand, asked, [seconds: 5, pauses: []])
        if (StepRunner.isGood(answered)) return answered.text.trim()
        script.echo("onAgent: no demand: ${Answers.refusal('the agent service', answered)}".toString())
        return null
    }

    private void end(Map demand) {
        Map answered = runner.send(runner.step.requests.end, demand, [seconds: 5, pauses: []])
        if (StepRunner.isGood(answered) || answered.status == 404) return
        script.echo("onAgent: the demand ends by itself: ${Answers.refusal('the agent service', answered)}".toString())
    }
}

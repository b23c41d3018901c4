package org.ceph.gitbuilder

/** Waits for a repository in requests that shaman holds, until it is ready, failed, or the time is up. */
class AwaitedRepo implements Serializable {
    private static final long serialVersionUID = 1L

    /** One request; what holds a line for longer would not survive most proxies or a restart of Jenkins. */
    static final int SECONDS_AT_ONCE = 300

    final StepRunner runner

    AwaitedRepo(StepRunner runner) {
        this.runner = runner
    }

    Map run(Map given) {
        Map values = runner.arguments(given)
        String platform = Answers.platform(values)
        long end = System.currentTimeMillis() + values.minutes * 60000L
        while (true) {
            long left = Math.max(0L, (long) ((end - System.currentTimeMillis()) / 1000))
            int wait = (int) Math.min((long) SECONDS_AT_ONCE, left)
            Map answered = runner.send(
                runner.step.requests.matrix, values + [platforms: platform, waitSeconds: wait], [seconds: wait + 60]
            )
            Map cell = Answers.cell(answered.text)
            if (answered.status == 200 && cell.done) {
                if (cell.state == 'ready') return Answers.repo(cell)
                runner.fail("${platform} ${cell.state}: ${cell.why ?: 'no reason is known'}".toString())
            }
            if (answered.status >= 400 && answered.status < 500 && answered.status != 429) {
                runner.fail(Answers.refusal('shaman', answered))
            }
            if (left == 0L) runner.fail(late(values, platform, answered, cell))
            // Answered before the time: shaman is being stopped, or away.
            if (wait == 0 || answered.status != 200) runner.script.sleep(time: 5, unit: 'SECONDS')
        }
    }

    private String late(Map values, String platform, Map answered, Map cell) {
        String why = answered.status == 200 ? "${cell.state}, ${cell.why ?: 'nothing more is known'}" : Answers.refusal('shaman', answered)
        return "${platform} is not ready after ${values.minutes} minutes: ${why}".toString()
    }
}

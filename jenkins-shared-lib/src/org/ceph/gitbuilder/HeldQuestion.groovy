package org.ceph.gitbuilder

/** A question that shaman holds until it is settled; asked again until then, or until the time is up. */
class HeldQuestion implements Serializable {
    private static final long serialVersionUID = 1L

    /** One request; what holds a line for longer would not survive most proxies or a restart of Jenkins. */
    static final int SECONDS_AT_ONCE = 300

    final StepRunner runner

    HeldQuestion(StepRunner runner) {
        this.runner = runner
    }

    /** The last answer, [status, text, done]: not done when the time was up. For `minutes` of the values, at most. */
    Map ask(Map request, Map values) {
        long end = System.currentTimeMillis() + values.minutes * 60000L
        while (true) {
            long left = Math.max(0L, (long) ((end - System.currentTimeMillis()) / 1000))
            int wait = (int) Math.min((long) SECONDS_AT_ONCE, left)
            Map answered = runner.send(request, values + [waitSeconds: wait], [seconds: wait + 60])
            boolean isGood = StepRunner.isGood(answered)
            boolean isDone = isGood && Answers.fields(answered.text, ['done']).done == true
            if (answered.status >= 400 && answered.status < 500 && answered.status != 429) {
                runner.fail(Answers.refusal(request.to, answered))
            }
            if (isDone || left == 0L) return answered + [done: isDone]
            // Shaman is away: what one request is tried again for has not been enough.
            if (!isGood) runner.script.sleep(time: 5, unit: 'SECONDS')
        }
    }
}

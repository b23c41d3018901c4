package org.ceph.gitbuilder

/** Asks for the newest sha1 that can be used, and waits for one where that is wished. */
class LatestSha1 implements Serializable {
    private static final long serialVersionUID = 1L

    final StepRunner runner

    LatestSha1(StepRunner runner) {
        this.runner = runner
    }

    String run(Map given) {
        Map values = runner.arguments(given)
        long end = System.currentTimeMillis() + values.minutes * 60000L
        while (true) {
            long left = Math.max(0L, (long) ((end - System.currentTimeMillis()) / 1000))
            int wait = (int) Math.min((long) AwaitedRepo.SECONDS_AT_ONCE, left)
            Map answered = runner.send(
                runner.step.requests.latest, values + [waitSeconds: wait], [seconds: wait + 60]
            )
            if (!StepRunner.isGood(answered)) runner.fail(Answers.refusal('shaman', answered))
            Map found = Answers.fields(answered.text, ['sha1', 'complete'])
            if (found.sha1 != null && (values.minutes == 0 || found.complete || values.allowPartial)) return found.sha1
            if (values.minutes == 0) return null
            if (left == 0L) runner.fail("${values.ref} is ready nowhere on all of ${values.platforms.join(', ')}".toString())
        }
    }
}

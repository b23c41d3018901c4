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
        Map answered = new HeldQuestion(runner).ask(runner.step.requests.latest, values)
        if (!StepRunner.isGood(answered)) runner.fail(Answers.refusal('shaman', answered))
        Map found = Answers.fields(answered.text, ['sha1'])
        if (found.sha1 != null || values.minutes == 0) return found.sha1
        String newest = Answers.newest(answered.text)
        if (answered.done) runner.fail("the newest sha1 of ${values.ref}, ${newest}".toString())
        String known = newest == null ? 'nothing is known of it' : "the newest sha1, ${newest}"
        runner.fail("${values.ref} is ready nowhere on all of ${values.platforms.join(', ')} after ${values.minutes} minutes: ${known}".toString())
    }
}

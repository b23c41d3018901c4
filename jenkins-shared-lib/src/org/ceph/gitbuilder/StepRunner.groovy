package org.ceph.gitbuilder

/**
 * Runs a step of the catalogue: reads its arguments, then makes its request or runs its shell body. A
 * value reaches the shell as an environment variable and the network percent-encoded or as JSON; none
 * is ever part of a script.
 */
class StepRunner implements Serializable {
    private static final long serialVersionUID = 1L

    /** More than this does not fit into one variable of a process on Linux. */
    static final int LONGEST_VARIABLE = 120000

    final Object script
    final Map step

    /** `script` is the step itself (`this` in `vars/`), through which other steps are called. */
    StepRunner(Object script, Map step) {
        this.script = script
        this.step = step
    }

    Object run(Map given) {
        Map values = arguments(given)
        if (step.shell != null) return shell(values)
        Map answered = send(step.request, values)
        if (!isGood(answered)) fail(refusal(step.request, answered))
        return Answers.of(step.answer, answered.text)
    }

    /** The arguments with what stands in for them; ends the build with a sentence when they cannot be used. */
    Map arguments(Map given) {
        Map environment = [:]
        for (name in Requests.variables(step)) environment[name] = script.env[name]
        Map read = Arguments.read(step, given, environment)
        if (read.problem != null) fail(read.problem)
        return read.values
    }

    /**
     * Makes a request of this step's facts: an answer of any kind, or [status: 0, text: why] without one.
     * Options: `seconds` that one attempt may take, `pauses` between attempts.
     */
    Map send(Map request, Map values, Map options = [:]) {
        Map asked = Requests.asked(request, values)
        asked.seconds = options.seconds == null ? 60 : options.seconds
        asked.pauses = options.pauses
        return new Http(script, step.name).ask(asked)
    }

    static boolean isGood(Map answered) {
        return answered.status >= 200 && answered.status < 300
    }

    /** What to tell of an answer that is none. */
    String refusal(Map request, Map answered) {
        return Answers.refusal(request.to, answered)
    }

    void fail(String sentence) {
        script.error("${step.name}: ${sentence}".toString())
    }

    private Object shell(Map values) {
        List variables = []
        for (name in Requests.names(step)) {
            String variable = step.params[name].variable
            if (variable == null) continue
            String text = Requests.text(values[name])
            if (text.length() > LONGEST_VARIABLE) fail("'${name}' is too long; see its help for another way")
            variables << "${variable}=${text}".toString()
        }
        variables << "GITBUILDER_STEP=${step.name}".toString()
        String text = ''
        for (resource in step.shell) text += script.libraryResource(resource)
        // The prompt of a secret would show in the log if Groovy put it into the script.
        withKey(values.credentials) {
            script.withEnv(variables) {
                script.sh(script: text, label: step.name)
            }
        }
        return null
    }

    private void withKey(String credentials, Closure body) {
        if (credentials == null) {
            body()
            return
        }
        List bindings = [
            script.usernamePassword(
                credentialsId: credentials,
                usernameVariable: 'GITBUILDER_USER',
                passwordVariable: 'GITBUILDER_KEY'
            ),
        ]
        script.withCredentials(bindings) { body() }
    }
}

package org.ceph.gitbuilder

import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException

/** Small requests through the HTTP Request plugin; what may pass is tried again with longer and longer pauses. */
class Http implements Serializable {
    private static final long serialVersionUID = 1L

    /** Half a minute in all: a service that restarts is back by then. */
    static final List PAUSES_SECONDS = [1, 2, 4, 8, 16]
    static final List PASSING = [0, 408, 425, 429, 500, 502, 503, 504]

    final Object script
    final String who

    Http(Object script, String who) {
        this.script = script
        this.who = who
    }

    /** One request and its answer, [status, text]; status 0 means that none came, and text says why. */
    Map ask(Map request) {
        List pauses = request.pauses == null ? PAUSES_SECONDS : request.pauses
        int attempt = 0
        // Not "for (;;)": without a condition, the CPS engine does not enter the loop.
        while (true) {
            Map answered = once(request)
            if (!PASSING.contains(answered.status) || attempt >= pauses.size()) return answered
            String reason = answered.status == 0 ? answered.text : "answered ${answered.status}"
            script.echo("${who}: ${reason}: again in ${pauses[attempt]} s".toString())
            script.sleep(time: pauses[attempt], unit: 'SECONDS')
            attempt++
        }
    }

    private Map once(Map request) {
        Map options = [
            url: request.url,
            httpMode: request.method,
            customHeaders: [[name: 'Accept', value: request.accepts]],
            // Every answer is one: what it means is decided here.
            validResponseCodes: '100:599',
            timeout: request.seconds,
            quiet: true,
        ]
        if (request.body != null) {
            options.contentType = 'APPLICATION_JSON'
            options.requestBody = request.body
        }
        if (request.credentials != null) options.authentication = request.credentials
        try {
            def response = script.httpRequest(options)
            return [status: response.status, text: response.content ?: '']
        } catch (FlowInterruptedException e) {
            // An abort is no trouble of the network.
            throw e
        } catch (Exception e) {
            return [status: 0, text: "${e.message}".toString()]
        }
    }
}

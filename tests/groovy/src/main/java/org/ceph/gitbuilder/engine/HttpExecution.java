package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Outcome;
import hudson.AbortException;
import java.io.Serializable;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** `httpRequest` of the HTTP Request plugin: really asks, with its log, checks and errors. */
final class HttpExecution extends Execution {
  private static final long serialVersionUID = 1;

  static final String[] PARAMETERS = {
    "url", "httpMode", "contentType", "acceptType", "customHeaders", "requestBody", "authentication",
    "validResponseCodes", "validResponseContent", "timeout", "quiet", "consoleLogResponseBody",
    "ignoreSslErrors", "outputFile", "responseHandle"
  };
  private static final Map<String, String> TYPES =
      Map.of(
          "APPLICATION_JSON", "application/json",
          "APPLICATION_JSON_UTF8", "application/json;charset=UTF-8",
          "TEXT_PLAIN", "text/plain",
          "APPLICATION_FORM", "application/x-www-form-urlencoded");

  @Override
  void start(Build build) throws Exception {
    String url = call.must("url");
    build.facts.findLeaks("a URL", url);
    String method = call.text("httpMode", "GET");
    say(build, "HttpMethod: " + method + "\nURL: " + url);
    HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url));
    double timeout = call.number("timeout", 0);
    if (timeout > 0) request.timeout(Duration.ofMillis((long) (timeout * 1000)));
    String body = call.text("requestBody");
    request.method(
        method,
        body == null
            ? HttpRequest.BodyPublishers.noBody()
            : HttpRequest.BodyPublishers.ofString(body, StandardCharsets.UTF_8));
    type(request, "Content-Type", call.text("contentType"));
    type(request, "Accept", call.text("acceptType"));
    for (Object each : call.list("customHeaders")) {
      Map<?, ?> header = (Map<?, ?>) each;
      request.header(String.valueOf(header.get("name")), String.valueOf(header.get("value")));
    }
    if (call.text("authentication") != null) authenticate(build, request);
    say(build, "Sending request to url: " + url);
    HttpClient client =
        HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(Duration.ofSeconds(30))
            .followRedirects(HttpClient.Redirect.NORMAL)
            .build();
    int waiting = id;
    client
        .sendAsync(request.build(), HttpResponse.BodyHandlers.ofString(StandardCharsets.UTF_8))
        .whenComplete(
            (response, failure) ->
                build.withExecution(
                    waiting, each -> ((HttpExecution) each).answered(build, response, failure)));
  }

  private void type(HttpRequest.Builder request, String header, String type) {
    if (type == null || type.equals("NOT_SET")) return;
    if (!TYPES.containsKey(type)) throw new IllegalArgumentException("httpRequest: no type " + type);
    request.header(header, TYPES.get(type));
  }

  private void authenticate(Build build, HttpRequest.Builder request) throws AbortException {
    String id = call.text("authentication");
    Map<String, Object> found = Credentials.find(build, id);
    if (!found.containsKey("password")) {
      throw new AbortException("Authentication '" + id + "' doesn't exist anymore");
    }
    say(build, "Using authentication: " + id);
    String pair = found.get("username") + ":" + found.get("password");
    request.header(
        "Authorization",
        "Basic " + Base64.getEncoder().encodeToString(pair.getBytes(StandardCharsets.UTF_8)));
  }

  private void answered(Build build, HttpResponse<String> response, Throwable failure) {
    if (failure != null) {
      Throwable cause = failure.getCause() == null ? failure : failure.getCause();
      build.finish(this, new Outcome(null, new AbortException(String.valueOf(cause))));
      return;
    }
    say(build, "Response Code: HTTP/1.1 " + response.statusCode());
    if (call.is("consoleLogResponseBody", false)) say(build, "Response: \n" + response.body());
    String valid = call.text("validResponseCodes", "100:399");
    if (!isValid(response.statusCode(), valid)) {
      say(build, "Response: \n" + response.body());
      build.finish(
          this,
          new Outcome(
              null,
              new AbortException(
                  "Fail: Status code " + response.statusCode() + " is not in the accepted range: " + valid)));
      return;
    }
    say(build, "Success: Status code " + response.statusCode() + " is in the accepted range: " + valid);
    LinkedHashMap<String, List<String>> headers = new LinkedHashMap<>();
    response.headers().map().forEach((name, values) -> headers.put(name, new ArrayList<>(values)));
    build.finish(this, new Outcome(new Answer(response.statusCode(), response.body(), headers), null));
  }

  private static boolean isValid(int status, String ranges) {
    for (String range : ranges.split(",")) {
      String[] ends = range.trim().split(":");
      int from = Integer.parseInt(ends[0].trim());
      int to = ends.length == 1 ? from : Integer.parseInt(ends[1].trim());
      if (status >= from && status <= to) return true;
    }
    return false;
  }

  private void say(Build build, String text) {
    if (!call.is("quiet", false)) build.facts.echo(thread.context, text, build.outside);
  }

  /** jenkins.plugins.http_request.ResponseContentSupplier. */
  public static final class Answer implements Serializable {
    private static final long serialVersionUID = 1;

    private final int status;
    private final String content;
    private final LinkedHashMap<String, List<String>> headers;

    Answer(int status, String content, LinkedHashMap<String, List<String>> headers) {
      this.status = status;
      this.content = content;
      this.headers = headers;
    }

    public int getStatus() {
      return status;
    }

    public String getContent() {
      return content;
    }

    public Map<String, List<String>> getHeaders() {
      return headers;
    }
  }
}

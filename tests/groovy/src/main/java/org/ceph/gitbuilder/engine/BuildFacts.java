package org.ceph.gitbuilder.engine;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;

/** What a build shows: its log, description, result, parameters; and what the engine found wrong with it. */
final class BuildFacts {
  private static final List<String> BEST_FIRST =
      List.of("SUCCESS", "UNSTABLE", "FAILURE", "NOT_BUILT", "ABORTED");

  /** Set by `env.X = …`: global, whatever the branch. */
  final Map<String, String> globalEnv = new LinkedHashMap<>();
  final Map<String, Object> parameters;
  final List<String> mismatches = new ArrayList<>();
  /** Secrets that came where nothing hides them. */
  final Collection<String> leaks = new LinkedHashSet<>();
  /** The job's properties, as `properties` set them. */
  Object properties;
  String description;
  String displayName;
  String result;
  private final Order order;
  private final long startedAt = System.currentTimeMillis();
  private int saves;
  private long savedBytes;

  BuildFacts(Order order) {
    this.order = order;
    this.parameters = new LinkedHashMap<>(order.parameters());
    this.displayName = "#" + order.number();
  }

  void saved(int bytes) {
    saves += 1;
    savedBytes += bytes;
  }

  /** `currentBuild.result = …` can only make it worse. */
  void worsen(String asked) {
    if (!BEST_FIRST.contains(asked)) throw new IllegalArgumentException("no result: " + asked);
    if (result == null || BEST_FIRST.indexOf(asked) > BEST_FIRST.indexOf(result)) result = asked;
  }

  long startedAt() {
    return startedAt;
  }

  String url() {
    return order.jenkins() + "job/" + order.job().replace("/", "/job/") + "/" + order.number() + "/";
  }

  /** The variables that Jenkins gives to every build, then those of its blocks. */
  Map<String, String> environment(Context context) {
    Map<String, String> env = new LinkedHashMap<>();
    order.env().forEach((name, value) -> env.put(name, String.valueOf(value)));
    env.put("JENKINS_URL", order.jenkins());
    env.put("JOB_NAME", order.job());
    env.put("JOB_BASE_NAME", order.job().substring(order.job().lastIndexOf('/') + 1));
    env.put("JOB_URL", order.jenkins() + "job/" + order.job().replace("/", "/job/") + "/");
    env.put("BUILD_NUMBER", order.number());
    env.put("BUILD_ID", order.number());
    env.put("BUILD_DISPLAY_NAME", displayName);
    env.put("BUILD_TAG", "jenkins-" + order.job().replace("/", "-") + "-" + order.number());
    env.put("BUILD_URL", url());
    parameters.forEach((name, value) -> env.put(name, String.valueOf(value)));
    env.putAll(globalEnv);
    env.putAll(context.env);
    env.values().removeIf(Objects::isNull);
    return env;
  }

  void echo(Context context, String text, Outside outside) {
    for (String line : text.split("\n", -1)) outside.log(context.prefix + shown(context, line));
  }

  /** With secrets as asterisks; a secret that no block hides is a leak. */
  String shown(Context context, String text) {
    String masked = text;
    for (String secret : context.secrets) masked = masked.replace(secret, "****");
    findLeaks("the log", masked);
    return masked;
  }

  /** Takes note of a credential's secret in a place where people or processes can read it. */
  void findLeaks(String where, String text) {
    order
        .credentials()
        .forEach(
            (id, credential) -> {
              Object secret = credential.getOrDefault("secret", credential.get("password"));
              if (secret != null && text.contains(secret.toString())) leaks.add(id + " in " + where);
            });
  }

  void end(Throwable thrown, Outside outside) {
    if (thrown instanceof FlowInterruptedException interrupted) {
      worsen(interrupted.getResult());
      for (var cause : interrupted.getCauses()) echo(Context.OUTSIDE, cause.getShortDescription(), outside);
    } else if (thrown instanceof hudson.AbortException) {
      worsen("FAILURE");
      echo(Context.OUTSIDE, "ERROR: " + thrown.getMessage(), outside);
    } else if (thrown != null) {
      worsen("FAILURE");
      StringWriter trace = new StringWriter();
      thrown.printStackTrace(new PrintWriter(trace));
      echo(Context.OUTSIDE, trace.toString().trim(), outside);
    }
    if (result == null) result = "SUCCESS";
    if (description != null) findLeaks("the description", description);
    echo(Context.OUTSIDE, "Finished: " + result, outside);
  }

  Map<String, Object> asMap() {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("result", result);
    facts.put("description", description);
    facts.put("displayName", displayName);
    facts.put("properties", properties);
    facts.put("env", globalEnv);
    facts.put("mismatches", mismatches);
    facts.put("leaks", leaks);
    facts.put("saves", saves);
    facts.put("savedBytes", savedBytes);
    return facts;
  }
}

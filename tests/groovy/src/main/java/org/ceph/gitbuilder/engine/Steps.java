package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Continuable;
import com.cloudbees.groovy.cps.Outcome;
import hudson.AbortException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Function;

/** The table of steps: parameters first of which may be given without its name, and what runs. */
final class Steps {
  private static final Map<String, Step> ALL = new TreeMap<>();

  private Steps() {}

  record Step(List<String> parameters, Function<StepCall, Execution> make) {}

  /** A step that answers at once, once it is its turn. */
  interface Answer {
    Object to(Build build, Execution execution) throws Exception;
  }

  static void block(String name, Function<StepCall, Execution> make, String... parameters) {
    ALL.put(name, new Step(List.of(parameters), make));
  }

  static void instant(String name, Answer answer, String... parameters) {
    ANSWERS.put(name, answer);
    ALL.put(name, new Step(List.of(parameters), call -> new Instant()));
  }

  private static final Map<String, Answer> ANSWERS = new TreeMap<>();

  static {
    BlockSteps.register();
    FileSteps.register();
    TextSteps.register();
    block("sh", call -> new ShExecution(), "script", "returnStdout", "returnStatus", "label", "encoding");
    block("httpRequest", call -> new HttpExecution(), HttpExecution.PARAMETERS);
    block("checkout", call -> new CheckoutExecution(), "scm", "poll", "changelog");
    block("sleep", call -> new SleepExecution(), "time", "unit");
  }

  /** Calls a step, which suspends; or names something that Jenkins describes by a symbol, which does not. */
  static Object call(Build build, String name, Object args) {
    Step step = ALL.get(name);
    if (step == null) {
      if (Symbol.NAMES.contains(name)) return Symbol.of(name, args);
      throw new NoSuchMethodError(
          "No such DSL method '" + name + "' found among steps " + ALL.keySet());
    }
    StepCall call = StepCall.parse(name, args, step.parameters());
    Execution execution = step.make().apply(call);
    execution.call = call;
    return Continuable.suspend(name, execution);
  }

  /** `agent()`, `string(…)`, `parameters([…])`: a name with arguments. */
  record Symbol(String name, Object args) implements Serializable {
    static final List<String> NAMES =
        List.of(
            "agent", "nonresumable", "kubernetesAgent", "string", "text", "password", "choice",
            "booleanParam", "parameters", "usernamePassword", "file", "sshUserPrivateKey",
            "buildDiscarder", "logRotator", "disableConcurrentBuilds", "pipelineTriggers", "cron",
            "usernameColonPassword");

    static Symbol of(String name, Object args) {
      List<?> list = args instanceof Object[] array ? List.of(array) : List.of(args);
      return new Symbol(name, list.isEmpty() ? Map.of() : StepCall.flatten(list.get(0)));
    }

    @SuppressWarnings("unchecked") // named arguments are a map
    Map<String, Object> named() {
      return args instanceof Map<?, ?> map ? (Map<String, Object>) map : Map.of();
    }

    static Object plain(Object value) {
      if (value instanceof Symbol symbol) {
        Map<String, Object> plain = new LinkedHashMap<>();
        plain.put("symbol", symbol.name());
        plain.put("args", plain(symbol.args()));
        return plain;
      }
      if (value instanceof List<?> list) return new ArrayList<>(list.stream().map(Symbol::plain).toList());
      if (value instanceof Map<?, ?> map) {
        Map<Object, Object> plain = new LinkedHashMap<>();
        map.forEach((key, each) -> plain.put(key, plain(each)));
        return plain;
      }
      return value;
    }
  }

  private static final class Instant extends Execution {
    private static final long serialVersionUID = 1;

    @Override
    void start(Build build) throws Exception {
      build.finish(this, new Outcome(ANSWERS.get(call.name()).to(build, this), null));
    }
  }

  /** `sleep`, in seconds unless it says otherwise; the order may shorten it. */
  private static final class SleepExecution extends Execution {
    private static final long serialVersionUID = 1;

    @Override
    void start(Build build) {
      double seconds = BlockSteps.seconds(call.number("time", 0), call.text("unit", "SECONDS"));
      build.facts.echo(thread.context, "Sleeping for " + seconds + " sec", build.outside);
      int waiting = id;
      build.outside.after(
          seconds / build.order.speed(), () -> build.finishLater(waiting, null, null));
    }
  }

  /** The error of a step that needs an agent and has none. */
  static AbortException needsNode(String name) {
    return new AbortException(
        name + ": Required context class hudson.FilePath is missing\n"
            + "Perhaps you forgot to surround the step with a step that provides this, such as: node");
  }
}

package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.Outcome;
import com.cloudbees.groovy.cps.impl.CpsClosure;
import hudson.AbortException;
import java.io.File;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jenkinsci.plugins.workflow.steps.FlowInterruptedException;

/** Steps around a body, with the outcomes that Jenkins' have. */
final class BlockSteps {
  private BlockSteps() {}

  static void register() {
    Steps.block("stage", call -> new Around(), "name");
    Steps.block("withEnv", call -> new Around(), "overrides");
    Steps.block("dir", call -> new Around(), "path");
    Steps.block("ws", call -> new Around(), "dir");
    Steps.block("withCredentials", call -> new Around(), "bindings");
    Steps.block("timestamps", call -> new Around(), "");
    Steps.block("node", call -> new NodeExecution(), "label");
    Steps.block("parallel", call -> new ParallelExecution(), "*");
    Steps.block("retry", call -> new Retry(), "count", "conditions");
    Steps.block("timeout", call -> new Timeout(), "time", "unit", "activity");
    Steps.block("waitUntil", call -> new WaitUntil(), "initialRecurrencePeriod", "quiet");
    Steps.block(
        "catchError",
        call -> new Catch(),
        "message", "buildResult", "stageResult", "catchInterruptions");
    Steps.block("warnError", call -> new Catch(), "message", "catchInterruptions");
  }

  static double seconds(double time, String unit) {
    return switch (unit) {
      case "MILLISECONDS" -> time / 1000;
      case "SECONDS" -> time;
      case "MINUTES" -> time * 60;
      case "HOURS" -> time * 3600;
      case "DAYS" -> time * 86400;
      default -> throw new IllegalArgumentException("no unit of time: " + unit);
    };
  }

  /** Gives its body a context, and its body's end is its own. */
  private static final class Around extends Execution {
    private static final long serialVersionUID = 1;

    @Override
    void start(Build build) throws Exception {
      build.startBody(this, call.body(), inside(build), null);
    }

    private Context inside(Build build) throws AbortException {
      Context here = thread.context;
      return switch (call.name()) {
        case "withEnv" -> here.withEnv(pairs(build), build.facts.environment(here));
        case "withCredentials" -> Credentials.bind(build, here, call.list("bindings"));
        case "dir", "ws" -> here.in(within(build, call.must(call.name().equals("dir") ? "path" : "dir")));
        case "stage" -> {
          build.outside.stage(call.must("name"));
          yield here;
        }
        default -> here;
      };
    }

    private Map<String, String> pairs(Build build) {
      Map<String, String> pairs = new LinkedHashMap<>();
      for (Object each : call.list("overrides")) {
        String pair = String.valueOf(each);
        int equals = pair.indexOf('=');
        if (equals < 1) throw new IllegalArgumentException("withEnv: no NAME=value: " + pair);
        pairs.put(pair.substring(0, equals), pair.substring(equals + 1));
      }
      return pairs;
    }

    private File within(Build build, String path) throws AbortException {
      if (thread.context.folder == null) throw Steps.needsNode(call.name());
      File named = new File(path);
      File folder = named.isAbsolute() ? named : new File(thread.context.folder, path);
      folder.mkdirs();
      return folder;
    }
  }

  /** Runs its body again: for these conditions, or for any failure that is no interruption. */
  private static final class Retry extends Execution {
    private static final long serialVersionUID = 1;

    private int tries;

    @Override
    void start(Build build) {
      tries += 1;
      build.startBody(this, call.body(), thread.context, null);
    }

    @Override
    void bodyEnded(Build build, String branch, Outcome outcome) {
      if (outcome.isSuccess() || tries >= call.number("count", 0) || !isFor(outcome.getAbnormal())) {
        build.finish(this, outcome);
        return;
      }
      build.facts.echo(thread.context, String.valueOf(outcome.getAbnormal()), build.outside);
      build.facts.echo(thread.context, "Retrying", build.outside);
      start(build);
    }

    private boolean isFor(Throwable thrown) {
      List<Object> conditions = call.list("conditions");
      if (conditions.isEmpty()) return !(thrown instanceof FlowInterruptedException);
      // agent() and nonresumable(): the causes of a lost agent, and nothing else here.
      return thrown instanceof FlowInterruptedException interrupted && interrupted.isRetryable();
    }
  }

  private static final class Timeout extends Execution {
    private static final long serialVersionUID = 1;

    @Override
    void start(Build build) {
      double seconds = seconds(call.number("time", 0), call.text("unit", "MINUTES"));
      int waiting = id;
      build.outside.after(
          seconds,
          () ->
              build.withExecution(
                  waiting,
                  execution -> {
                    build.facts.echo(
                        execution.thread.context, "Cancelling nested steps due to timeout", build.outside);
                    build.interrupt(
                        thread -> thread.isInside(execution),
                        new FlowInterruptedException(
                            "ABORTED",
                            new FlowInterruptedException.Cause("Timeout has been exceeded", false)));
                  }));
      build.startBody(this, call.body(), thread.context, null);
    }
  }

  private static final class Catch extends Execution {
    private static final long serialVersionUID = 1;

    @Override
    void start(Build build) {
      build.startBody(this, call.body(), thread.context, null);
    }

    @Override
    void bodyEnded(Build build, String branch, Outcome outcome) {
      Throwable thrown = outcome.getAbnormal();
      boolean isInterruption = thrown instanceof FlowInterruptedException;
      if (thrown == null || (isInterruption && !call.is("catchInterruptions", true))) {
        build.finish(this, outcome);
        return;
      }
      if (call.text("message") != null) {
        build.facts.echo(thread.context, call.text("message"), build.outside);
      }
      build.facts.echo(thread.context, "ERROR: " + thrown.getMessage(), build.outside);
      String otherwise = call.name().equals("warnError") ? "UNSTABLE" : "FAILURE";
      build.facts.worsen(
          isInterruption
              ? ((FlowInterruptedException) thrown).getResult()
              : call.text("buildResult", otherwise));
      build.finish(this, new Outcome(null, null));
    }
  }

  private static final class WaitUntil extends Execution {
    private static final long serialVersionUID = 1;

    private double period;

    @Override
    void start(Build build) {
      period = call.number("initialRecurrencePeriod", 250) / 1000;
      build.startBody(this, call.body(), thread.context, null);
    }

    @Override
    void bodyEnded(Build build, String branch, Outcome outcome) {
      if (!outcome.isSuccess() || Boolean.TRUE.equals(outcome.getNormal())) {
        build.finish(this, outcome.isSuccess() ? new Outcome(null, null) : outcome);
        return;
      }
      int waiting = id;
      build.outside.after(
          period / build.order.speed(),
          () -> build.withExecution(waiting, each -> again(build, each)));
      period = Math.min(period * 1.2, 15);
    }

    private static void again(Build build, Execution each) {
      build.startBody(each, each.call.body(), each.thread.context, null);
    }
  }

  /** The closures of a map, by name; `failFast` beside them. */
  private static final class ParallelExecution extends Execution {
    private static final long serialVersionUID = 1;

    private final LinkedHashMap<String, Outcome> outcomes = new LinkedHashMap<>();
    private int branches;

    @Override
    void start(Build build) {
      Map<String, CpsClosure> bodies = new LinkedHashMap<>();
      call.args()
          .forEach(
              (name, value) -> {
                if (name.equals("failFast")) return;
                if (!(value instanceof CpsClosure body)) {
                  throw new IllegalArgumentException("No closure for branch " + name + ": " + value);
                }
                bodies.put(name, body);
              });
      branches = bodies.size();
      if (branches == 0) build.finish(this, new Outcome(new LinkedHashMap<>(), null));
      bodies.forEach((name, body) -> build.startBody(this, body, thread.context.branch(name), name));
    }

    @Override
    void bodyEnded(Build build, String branch, Outcome outcome) {
      outcomes.put(branch, outcome);
      if (!outcome.isSuccess()) {
        build.facts.echo(thread.context, "Failed in branch " + branch, build.outside);
        if (call.is("failFast", false)) {
          build.interrupt(
              each -> each.isInside(this),
              new FlowInterruptedException(
                  "ABORTED",
                  new FlowInterruptedException.Cause("Failed in branch " + branch, false)));
        }
      }
      if (outcomes.size() < branches) return;
      LinkedHashMap<String, Object> values = new LinkedHashMap<>();
      Throwable first = null;
      for (Map.Entry<String, Outcome> each : outcomes.entrySet()) {
        values.put(each.getKey(), each.getValue().getNormal());
        Throwable thrown = each.getValue().getAbnormal();
        if (first == null || first instanceof FlowInterruptedException) {
          if (thrown != null) first = thrown;
        }
      }
      build.finish(this, first == null ? new Outcome(values, null) : new Outcome(null, first));
    }
  }
}

package org.ceph.gitbuilder.engine;

import groovy.lang.GroovyObjectSupport;
import java.io.Serializable;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What Jenkins defines for scripts: env, params, currentBuild, scm, steps, and variables of the environment. */
final class Globals {
  private Globals() {}

  static Object find(Build build, String name) {
    return switch (name) {
      case "env" -> new EnvView();
      case "params" -> Collections.unmodifiableMap(new LinkedHashMap<>(build.facts.parameters));
      case "currentBuild" -> new RunView();
      case "steps" -> new StepsView();
      case "scm" -> build.order.scm().isEmpty() ? null : new LinkedHashMap<>(build.order.scm());
      default -> build.facts.environment(build.context()).get(name);
    };
  }

  public static final class EnvView extends GroovyObjectSupport implements Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public Object getProperty(String name) {
      Build build = Build.current();
      return build.facts.environment(build.context()).get(name);
    }

    @Override
    public void setProperty(String name, Object value) {
      Build.current().facts.globalEnv.put(name, String.valueOf(value));
    }
  }

  public static final class StepsView extends GroovyObjectSupport implements Serializable {
    private static final long serialVersionUID = 1;

    @Override
    public Object invokeMethod(String name, Object args) {
      return Steps.call(Build.current(), name, args);
    }
  }

  /** org.jenkinsci.plugins.workflow.support.steps.build.RunWrapper, as far as scripts may use it. */
  public static final class RunView implements Serializable {
    private static final long serialVersionUID = 1;

    private BuildFacts facts() {
      return Build.current().facts;
    }

    public String getResult() {
      return facts().result;
    }

    public void setResult(String result) {
      facts().worsen(result);
    }

    public String getCurrentResult() {
      return facts().result == null ? "SUCCESS" : facts().result;
    }

    public String getDescription() {
      return facts().description;
    }

    public void setDescription(String text) {
      facts().description = text;
    }

    public String getDisplayName() {
      return facts().displayName;
    }

    public void setDisplayName(String text) {
      facts().displayName = text;
    }

    public int getNumber() {
      return Integer.parseInt(Build.current().order.number());
    }

    public String getAbsoluteUrl() {
      return facts().url();
    }

    public String getFullProjectName() {
      return Build.current().order.job();
    }

    public String getProjectName() {
      return facts().environment(Context.OUTSIDE).get("JOB_BASE_NAME");
    }

    public long getStartTimeInMillis() {
      return facts().startedAt();
    }

    public long getDuration() {
      return System.currentTimeMillis() - facts().startedAt();
    }

    public String getDurationString() {
      return getDuration() / 1000 + " sec and counting";
    }

    public Map<String, String> getBuildVariables() {
      return new LinkedHashMap<>(facts().globalEnv);
    }

    public List<Map<String, Object>> getBuildCauses() {
      Map<String, Object> cause = new LinkedHashMap<>();
      cause.put("_class", "hudson.model.Cause$UserIdCause");
      cause.put("shortDescription", "Started by user developer");
      cause.put("userId", "developer");
      cause.put("userName", "developer");
      return new java.util.ArrayList<>(List.of(cause));
    }
  }
}

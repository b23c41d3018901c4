package org.ceph.gitbuilder.engine;

import java.io.File;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** What block steps give to the steps inside them. */
final class Context implements Serializable {
  private static final long serialVersionUID = 1;

  /** Of withEnv and withCredentials, the outermost first. */
  final LinkedHashMap<String, String> env;
  /** What the log shows as asterisks. */
  final ArrayList<String> secrets;
  /** The agent, and the folder there; null outside node. */
  final String agent;
  final File folder;
  /** Before each line of the log. */
  final String prefix;

  static final Context OUTSIDE = new Context(Map.of(), List.of(), null, null, "");

  private Context(
      Map<String, String> env, List<String> secrets, String agent, File folder, String prefix) {
    this.env = new LinkedHashMap<>(env);
    this.secrets = new ArrayList<>(secrets);
    this.agent = agent;
    this.folder = folder;
    this.prefix = prefix;
  }

  /** Overrides as hudson.EnvVars.override does: `X=` unsets X, and `PATH+ANY=x` puts x before what is there. */
  Context withEnv(Map<String, String> more, Map<String, String> outer) {
    Context inner = new Context(env, secrets, agent, folder, prefix);
    more.forEach(
        (name, value) -> {
          int plus = name.indexOf('+');
          if (value.isEmpty() || plus < 0) {
            // Null: what the build itself has under this name is hidden too.
            inner.env.put(name, value.isEmpty() ? null : value);
            return;
          }
          String variable = name.substring(0, plus);
          String before = inner.env.getOrDefault(variable, outer.getOrDefault(variable, ""));
          inner.env.put(variable, before.isEmpty() ? value : value + File.pathSeparator + before);
        });
    return inner;
  }

  Context withSecrets(Map<String, String> variables, List<String> hidden) {
    Context inner = withEnv(variables, Map.of());
    inner.secrets.addAll(hidden);
    return inner;
  }

  Context on(String name, File workspace) {
    Context inner = new Context(env, secrets, name, workspace, prefix);
    inner.env.put("NODE_NAME", name);
    inner.env.put("WORKSPACE", workspace.getPath());
    inner.env.put("WORKSPACE_TMP", workspace.getPath() + "@tmp");
    return inner;
  }

  Context in(File where) {
    return new Context(env, secrets, agent, where, prefix);
  }

  Context branch(String name) {
    return new Context(env, secrets, agent, folder, prefix + "[" + name + "] ");
  }
}

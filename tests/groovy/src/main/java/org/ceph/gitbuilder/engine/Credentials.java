package org.ceph.gitbuilder.engine;

import hudson.AbortException;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** withCredentials: variables of secrets, which the log shows as asterisks. */
final class Credentials {
  private Credentials() {}

  static Context bind(Build build, Context here, List<Object> bindings) throws AbortException {
    Map<String, String> variables = new LinkedHashMap<>();
    List<String> hidden = new ArrayList<>();
    for (Object each : bindings) {
      if (!(each instanceof Steps.Symbol binding)) {
        throw new IllegalArgumentException("withCredentials: no binding: " + each);
      }
      Map<String, Object> args = binding.named();
      Map<String, Object> found = find(build, (String) args.get("credentialsId"));
      switch (binding.name()) {
        case "string" -> put(variables, hidden, args.get("variable"), found.get("secret"));
        case "usernamePassword" -> {
          variables.put((String) args.get("usernameVariable"), (String) found.get("username"));
          put(variables, hidden, args.get("passwordVariable"), found.get("password"));
        }
        case "file" -> variables.put((String) args.get("variable"), file(here, found).getPath());
        default -> throw new IllegalArgumentException("withCredentials: " + binding.name());
      }
    }
    if (!hidden.isEmpty()) {
      build.facts.echo(
          here, "Masking supported pattern matches of $" + String.join(" or $", variables.keySet()), build.outside);
    }
    return here.withSecrets(variables, hidden);
  }

  static Map<String, Object> find(Build build, String id) throws AbortException {
    Map<String, Object> found = build.order.credentials().get(id);
    if (found == null) {
      throw new AbortException("Could not find credentials entry with ID '" + id + "'");
    }
    return found;
  }

  private static void put(
      Map<String, String> variables, List<String> hidden, Object variable, Object secret) {
    if (secret == null) throw new IllegalArgumentException("a credential of another kind: " + variable);
    variables.put((String) variable, (String) secret);
    hidden.add((String) secret);
  }

  private static File file(Context here, Map<String, Object> found) throws AbortException {
    if (here.folder == null) throw Steps.needsNode("withCredentials");
    File folder = new File(here.env.get("WORKSPACE_TMP"), "secretFiles");
    folder.mkdirs();
    File file = new File(folder, "secret");
    try {
      Files.writeString(file.toPath(), (String) found.get("secret"));
    } catch (IOException cause) {
      throw new AbortException(String.valueOf(cause));
    }
    return file;
  }
}

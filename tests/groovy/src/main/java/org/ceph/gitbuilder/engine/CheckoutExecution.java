package org.ceph.gitbuilder.engine;

import hudson.AbortException;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** `checkout` of a Git repository: `scm` of the job, or a `GitSCM` map. */
final class CheckoutExecution extends Execution {
  private static final long serialVersionUID = 1;

  @Override
  void start(Build build) throws Exception {
    if (thread.context.folder == null) throw Steps.needsNode("checkout");
    if (!(call.args().get("scm") instanceof Map<?, ?> scm)) {
      throw new AbortException("checkout: no scm: " + call.args());
    }
    String url;
    String wanted;
    if (scm.containsKey("url")) {
      url = String.valueOf(scm.get("url"));
      wanted = String.valueOf(scm.get("branch"));
    } else {
      url = String.valueOf(((Map<?, ?>) ((List<?>) scm.get("userRemoteConfigs")).get(0)).get("url"));
      wanted = String.valueOf(((Map<?, ?>) ((List<?>) scm.get("branches")).get(0)).get("name"));
    }
    File folder = thread.context.folder;
    int waiting = id;
    build.workers.execute(
        () -> {
          try {
            build.finishLater(waiting, clone(url, wanted, folder), null);
          } catch (Exception broken) {
            build.finishLater(waiting, null, new AbortException(broken.getMessage()));
          }
        });
  }

  private static LinkedHashMap<String, String> clone(String url, String wanted, File folder)
      throws Exception {
    git(folder, "init", "--quiet");
    git(folder, "fetch", "--quiet", "--tags", "--force", url, "+refs/heads/*:refs/remotes/origin/*");
    String name = wanted.replaceFirst("^(\\*/|origin/|refs/heads/)", "");
    String sha1 = null;
    for (String candidate : List.of("refs/remotes/origin/" + name, "refs/tags/" + name, name)) {
      try {
        sha1 = git(folder, "rev-parse", "--verify", "--quiet", candidate + "^{commit}").trim();
        break;
      } catch (AbortException absent) {
        continue;
      }
    }
    if (sha1 == null) {
      throw new AbortException(
          "Couldn't find any revision to build. Verify the repository and branch configuration for this job.");
    }
    git(folder, "checkout", "--quiet", "--force", sha1);
    LinkedHashMap<String, String> said = new LinkedHashMap<>();
    said.put("GIT_BRANCH", "origin/" + name);
    said.put("GIT_COMMIT", sha1);
    said.put("GIT_URL", url);
    return said;
  }

  private static String git(File folder, String... args) throws Exception {
    List<String> command = new ArrayList<>(List.of("git"));
    command.addAll(List.of(args));
    Process process = new ProcessBuilder(command).directory(folder).redirectErrorStream(true).start();
    String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    if (process.waitFor() != 0) throw new AbortException("git " + args[0] + ": " + said);
    return said;
  }
}

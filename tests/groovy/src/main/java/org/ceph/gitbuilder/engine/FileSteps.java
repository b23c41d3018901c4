package org.ceph.gitbuilder.engine;

import hudson.AbortException;
import java.io.File;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Steps on the files of a workspace, of the library and of the build. */
final class FileSteps {
  private FileSteps() {}

  static void register() {
    Steps.instant("pwd", (build, step) -> here(step).getPath(), "tmp");
    Steps.instant("isUnix", (build, step) -> true, "");
    Steps.instant("deleteDir", FileSteps::deleteDir, "");
    Steps.instant("fileExists", (build, step) -> file(step).exists(), "file");
    Steps.instant("readFile", (build, step) -> Files.readString(existing(step).toPath()), "file", "encoding");
    Steps.instant("writeFile", FileSteps::writeFile, "file", "text", "encoding");
    Steps.instant("findFiles", FileSteps::findFiles, "glob", "excludes");
    Steps.instant("libraryResource", FileSteps::libraryResource, "resource", "encoding");
    Steps.instant("stash", FileSteps::stash, "name", "includes", "excludes", "allowEmpty", "useDefaultExcludes");
    Steps.instant("unstash", FileSteps::unstash, "name");
    Steps.instant(
        "archiveArtifacts", FileSteps::archive,
        "artifacts", "allowEmptyArchive", "fingerprint", "onlyIfSuccessful", "excludes");
  }

  private static File here(Execution step) throws AbortException {
    if (step.thread.context.folder == null) throw Steps.needsNode(step.call.name());
    return step.thread.context.folder;
  }

  static File file(Execution step) throws AbortException {
    String path = step.call.must("file");
    return path.startsWith("/") ? new File(path) : new File(here(step), path);
  }

  private static File existing(Execution step) throws IOException {
    File file = file(step);
    if (!file.exists()) throw new java.nio.file.NoSuchFileException(file.getPath());
    return file;
  }

  private static Object deleteDir(Build build, Execution step) throws IOException {
    try (Stream<Path> all = Files.walk(here(step).toPath())) {
      for (Path path : all.sorted(Comparator.reverseOrder()).toList()) Files.delete(path);
    }
    return null;
  }

  private static Object writeFile(Build build, Execution step) throws IOException {
    String text = step.call.must("text");
    File file = file(step);
    build.facts.findLeaks("the file " + file.getName(), text);
    file.getParentFile().mkdirs();
    if ("Base64".equals(step.call.text("encoding"))) {
      Files.write(file.toPath(), Base64.getDecoder().decode(text));
    } else {
      Files.writeString(file.toPath(), text);
    }
    return null;
  }

  private static Object findFiles(Build build, Execution step) throws IOException {
    File folder = here(step);
    List<Found> found = new ArrayList<>();
    for (Path path : matching(folder, step.call.text("glob", "*"), step.call.text("excludes", ""))) {
      found.add(new Found(folder.toPath().relativize(path).toString(), path.toFile()));
    }
    return found.toArray(new Found[0]);
  }

  private static Object libraryResource(Build build, Execution step) throws IOException {
    String name = step.call.must("resource");
    Path path = build.order.library().toPath().resolve("resources").resolve(name);
    if (!Files.isRegularFile(path)) throw new AbortException("No such library resource " + name + " could be found.");
    if ("Base64".equals(step.call.text("encoding"))) {
      return Base64.getEncoder().encodeToString(Files.readAllBytes(path));
    }
    return Files.readString(path);
  }

  private static Object stash(Build build, Execution step) throws IOException {
    File to = new File(build.order.folder(), "stashes/" + step.call.must("name"));
    int count = copy(here(step), to, step.call.text("includes", "**"), step.call.text("excludes", ""));
    if (count == 0 && !step.call.is("allowEmpty", false)) {
      throw new AbortException("No files included in stash ‘" + step.call.text("name") + "’");
    }
    build.facts.echo(step.thread.context, "Stashed " + count + " file(s)", build.outside);
    return null;
  }

  private static Object unstash(Build build, Execution step) throws IOException {
    File from = new File(build.order.folder(), "stashes/" + step.call.must("name"));
    if (!from.isDirectory()) throw new AbortException("No such saved stash ‘" + step.call.text("name") + "’");
    copy(from, here(step), "**", "");
    return null;
  }

  private static Object archive(Build build, Execution step) throws IOException {
    File to = new File(build.order.folder(), "artifacts");
    int count = copy(here(step), to, step.call.must("artifacts"), step.call.text("excludes", ""));
    if (count == 0 && !step.call.is("allowEmptyArchive", false)) {
      throw new AbortException("No artifacts found that match the file pattern \"" + step.call.text("artifacts") + "\".");
    }
    return null;
  }

  private static int copy(File from, File to, String includes, String excludes) throws IOException {
    to.mkdirs();
    List<Path> files = matching(from, includes, excludes);
    for (Path path : files) {
      Path target = to.toPath().resolve(from.toPath().relativize(path));
      Files.createDirectories(target.getParent());
      Files.copy(path, target, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.COPY_ATTRIBUTES);
    }
    return files.size();
  }

  private static List<Path> matching(File folder, String includes, String excludes) throws IOException {
    Path base = folder.toPath();
    try (Stream<Path> all = Files.walk(base, FileVisitOption.FOLLOW_LINKS)) {
      return all.filter(Files::isRegularFile)
          .filter(path -> matches(base.relativize(path).toString(), includes))
          .filter(path -> !matches(base.relativize(path).toString(), excludes))
          .sorted()
          .toList();
    }
  }

  /** Patterns of Ant, separated by commas. */
  static boolean matches(String path, String patterns) {
    for (String pattern : patterns.split(",")) {
      String trimmed = pattern.trim();
      if (trimmed.isEmpty()) continue;
      String whole = trimmed.endsWith("/") ? trimmed + "**" : trimmed;
      StringBuilder regex = new StringBuilder();
      for (int at = 0; at < whole.length(); at++) {
        if (whole.startsWith("**/", at)) {
          regex.append("(?:.*/)?");
          at += 2;
        } else if (whole.startsWith("**", at)) {
          regex.append(".*");
          at += 1;
        } else if (whole.charAt(at) == '*') {
          regex.append("[^/]*");
        } else if (whole.charAt(at) == '?') {
          regex.append("[^/]");
        } else {
          regex.append(Pattern.quote(String.valueOf(whole.charAt(at))));
        }
      }
      if (path.matches(regex.toString())) return true;
    }
    return false;
  }

  /** org.jenkinsci.plugins.pipeline.utility.steps.fs.FileWrapper. */
  public static final class Found implements Serializable {
    private static final long serialVersionUID = 1;

    private final String path;
    private final File file;

    Found(String path, File file) {
      this.path = path;
      this.file = file;
    }

    public String getName() {
      return file.getName();
    }

    public String getPath() {
      return path;
    }

    public boolean isDirectory() {
      return false;
    }

    public long getLength() {
      return file.length();
    }

    @Override
    public String toString() {
      return path;
    }
  }
}

package org.ceph.gitbuilder.engine;

import com.cloudbees.groovy.cps.CpsTransformer;
import com.cloudbees.groovy.cps.SandboxCpsTransformer;
import com.cloudbees.groovy.cps.TransformerConfiguration;
import groovy.lang.GroovyClassLoader;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.codehaus.groovy.control.CompilationUnit;
import org.codehaus.groovy.control.CompilerConfiguration;
import org.codehaus.groovy.control.Phases;
import org.codehaus.groovy.control.customizers.ImportCustomizer;
import org.codehaus.groovy.tools.GroovyClass;

/** Compiles Groovy as the workflow-cps plugin does: CPS-transformed, with the calls of the sandbox or without. */
final class Sources {
  private Sources() {}

  /** The classes of a library's `vars` and `src`, by name. */
  static Map<String, byte[]> library(File folder, boolean sandbox) throws IOException {
    List<Path> files = new ArrayList<>();
    for (String part : List.of("src", "vars")) {
      Path below = folder.toPath().resolve(part);
      if (!Files.isDirectory(below)) continue;
      try (Stream<Path> found = Files.walk(below)) {
        found.filter(path -> path.toString().endsWith(".groovy")).sorted().forEach(files::add);
      }
    }
    CompilationUnit unit = unit(sandbox, Sources.class.getClassLoader());
    for (Path file : files) unit.addSource(file.toFile());
    return classes(unit);
  }

  /** The classes of a Jenkinsfile, which sees those of the library. */
  static Map<String, byte[]> script(String text, Map<String, byte[]> library, boolean sandbox) {
    CompilationUnit unit = unit(sandbox, loader(library));
    unit.addSource("WorkflowScript", text);
    return classes(unit);
  }

  /** A new loader of compiled classes: what a restarted Jenkins would have. */
  static ClassLoader loader(Map<String, byte[]> classes) {
    return new Compiled(classes);
  }

  private static CompilationUnit unit(boolean sandbox, ClassLoader parent) {
    CompilerConfiguration configuration = new CompilerConfiguration();
    configuration.setScriptBaseClass(EngineScript.class.getName());
    configuration.setSourceEncoding("UTF-8");
    CpsTransformer transformer = sandbox ? new SandboxCpsTransformer() : new CpsTransformer();
    transformer.setConfiguration(
        new TransformerConfiguration().withClosureType(EngineClosure.class));
    ImportCustomizer imports = new ImportCustomizer();
    imports.addStarImports("com.cloudbees.groovy.cps", "org.jenkinsci.plugins.workflow.libs");
    configuration.addCompilationCustomizers(imports, transformer);
    return new CompilationUnit(configuration, null, new GroovyClassLoader(parent, configuration));
  }

  private static Map<String, byte[]> classes(CompilationUnit unit) {
    unit.compile(Phases.CLASS_GENERATION);
    Map<String, byte[]> classes = new HashMap<>();
    for (Object each : unit.getClasses()) {
      GroovyClass made = (GroovyClass) each;
      classes.put(made.getName(), made.getBytes());
    }
    return classes;
  }

  private static final class Compiled extends GroovyClassLoader {
    private final Map<String, byte[]> classes;

    Compiled(Map<String, byte[]> classes) {
      super(Sources.class.getClassLoader());
      this.classes = classes;
    }

    @Override
    protected Class<?> findClass(String name) throws ClassNotFoundException {
      byte[] bytes = classes.get(name);
      if (bytes == null) throw new ClassNotFoundException(name);
      return defineClass(name, bytes, 0, bytes.length);
    }
  }
}

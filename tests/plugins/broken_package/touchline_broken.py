raise RuntimeError("this package was built for another planet")

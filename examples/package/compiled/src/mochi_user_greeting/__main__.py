from mochi_user_greeting.generated.greeting import main

if __name__ == "__main__":
    main()
